// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { arch, release, version as build } from 'node:os';
import { addon } from '../kernel/addon.ts';
import type { CapabilityName, Trial } from '../kernel/capabilities.ts';
import { findCgroup2 } from '../kernel/probe-cgroup.ts';
import type { KernelConfig } from '../kernel/kernel-config.ts';
import { readKernelConfig } from '../kernel/kernel-config.ts';
import type { Observation } from './observation.ts';
import type { Preemption } from '../kernel/preemption.ts';
import { readPreemption } from '../kernel/preemption.ts';
import type { ProcessCapability } from './process-capabilities.ts';
import { effectiveCapabilities } from './process-capabilities.ts';
import { readText } from '../kernel/read-text.ts';

/** Inode numbers of the first namespaces: include/linux/proc_ns.h, PROC_PID_INIT_INO and PROC_USER_INIT_INO. */
const HOST_PID_NAMESPACE = 0xeffffffc;
const HOST_USER_NAMESPACE = 0xeffffffd;

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64' };
const SYSCTLS = [
  'kernel/unprivileged_bpf_disabled',
  'net/core/bpf_jit_enable',
  'kernel/kptr_restrict',
] as const;
const FILESYSTEMS = ['bpf', 'tracefs', 'securityfs', 'debugfs', 'cgroup2', 'cgroup'] as const;

/** Everything that the verdicts are drawn from: plain data, so that they need no kernel to be tested. */
export interface Facts {
  readonly release: string;
  /** what `uname -v` prints */
  readonly build: string;
  readonly architecture: string;
  /** possible ones: per-CPU memory is for each of them */
  readonly cpus: number;
  readonly clocksource: string | undefined;
  readonly preemption: Preemption;
  readonly btf: { readonly vmlinux: boolean; readonly modules: boolean };
  readonly config: KernelConfig;
  /** active security modules; undefined when the list cannot be read */
  readonly lsm: readonly string[] | undefined;
  readonly lockdown: string | undefined;
  /** undefined where this kernel does not have it */
  readonly sysctls: Readonly<Record<(typeof SYSCTLS)[number], number | undefined>>;
  /** where each is mounted for this process */
  readonly mounts: Readonly<Record<(typeof FILESYSTEMS)[number], string | undefined>>;
  readonly process: {
    readonly uid: number;
    readonly capabilities: readonly ProcessCapability[];
    readonly hostPidNamespace: boolean;
    readonly hostUserNamespace: boolean;
  };
  readonly trials: Readonly<Record<CapabilityName, Trial>>;
}

/** The facts of this machine; `observation` holds those that had to be tried. */
export function gatherFacts(observation: Observation): Facts {
  const config = readKernelConfig(release());
  return {
    release: release(),
    build: build(),
    architecture: ARCHITECTURES[arch()] ?? arch(),
    cpus: addon.possibleCpus(),
    clocksource: readText('/sys/devices/system/clocksource/clocksource0/current_clocksource'),
    preemption: readPreemption({
      debugfs: observation.preempt,
      build: build(),
      commandLine: readFileSync('/proc/cmdline', 'utf8'),
      config,
    }),
    btf: {
      vmlinux: existsSync('/sys/kernel/btf/vmlinux'),
      modules: config.options?.CONFIG_DEBUG_INFO_BTF_MODULES === 'y',
    },
    config,
    lsm: observation.lsm,
    lockdown: observation.lockdown,
    sysctls: byName(SYSCTLS, (path) => {
      const text = readText(`/proc/sys/${path}`);
      return text === undefined ? undefined : Number(text);
    }),
    mounts: readMounts(readFileSync('/proc/self/mounts', 'utf8')),
    process: {
      uid: process.getuid?.() ?? 0,
      capabilities: effectiveCapabilities(readFileSync('/proc/self/status', 'utf8')),
      hostPidNamespace: namespaceInode('pid') === HOST_PID_NAMESPACE,
      hostUserNamespace: namespaceInode('user') === HOST_USER_NAMESPACE,
    },
    trials: observation.trials,
  };
}

function readMounts(mounts: string): Facts['mounts'] {
  const fields = mounts.split('\n').map((line) => line.split(' '));
  const first = byName(FILESYSTEMS, (type) => fields.find((field) => field[2] === type)?.[1]);
  return { ...first, cgroup2: findCgroup2(mounts) };
}

function namespaceInode(name: string): number {
  return Number(/\[(\d+)\]/.exec(readlinkSync(`/proc/self/ns/${name}`))?.[1]);
}

function byName<Name extends string, Value>(
  names: readonly Name[],
  value: (name: Name) => Value,
): Record<Name, Value> {
  return Object.fromEntries(names.map((name) => [name, value(name)])) as Record<Name, Value>;
}
