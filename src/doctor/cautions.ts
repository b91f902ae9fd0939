// SPDX-License-Identifier: Apache-2.0
import type { CapabilityName } from '../kernel/capabilities.ts';
import type { Explanation } from './explain.ts';
import { listed, noTracefs } from './explain.ts';
import type { Facts } from './facts.ts';

/** What is wrong although every trial that a feature needs went well. */
export interface Doubt extends Explanation {
  readonly state: 'degraded' | 'missing';
}
/** Looks for it; `way` is the mechanism that would be used. */
export type Caution = (facts: Facts, way: CapabilityName | undefined) => Doubt | undefined;

/** Security modules that have a fixed place in the order (LSM_ORDER_FIRST and LSM_ORDER_LAST): not for the command line. */
const ALWAYS_ACTIVE = new Set(['capability', 'ima', 'evm']);

/**
 * A program of the LSM type attaches on a kernel that never calls it: only the security modules that are named at boot
 * are active.
 */
export const inactiveLsm: Caution = ({ lsm, config }) => {
  if (lsm?.includes('bpf')) return undefined;
  if (lsm === undefined)
    return {
      state: 'degraded',
      reason: 'whether BPF is an active security module is unknown: securityfs cannot be read',
      remedy: 'Mount it: mount -t securityfs securityfs /sys/kernel/security.',
    };
  if (config.options !== undefined && config.options.CONFIG_BPF_LSM !== 'y')
    return {
      state: 'missing',
      reason: 'this kernel was built without CONFIG_BPF_LSM',
      remedy: 'Use a kernel built with CONFIG_BPF_LSM=y.',
    };
  const wanted = [...lsm.filter((name) => !ALWAYS_ACTIVE.has(name)), 'bpf'].join(',');
  return {
    state: 'missing',
    reason: `BPF is not an active security module (active: ${lsm.join(', ')})`,
    remedy: `Add "lsm=${wanted}" to the kernel command line and reboot.`,
  };
};

/** These carry a per-CPU recursion guard (bpf_prog_enter_recur): a task that preempts another in the program is not seen. */
const GUARDED: readonly (CapabilityName | undefined)[] = ['fentry', 'fexit', 'fmod_ret'];

export const skippedHits: Caution = ({ preemption: { model, source } }, way) => {
  if (!GUARDED.includes(way) || model === 'none' || model === 'voluntary') return undefined;
  if (model === undefined)
    return {
      state: 'degraded',
      reason: `best effort: whether ${way} can skip hits is unknown, the preemption model cannot be read`,
      remedy: 'Mount debugfs: mount -t debugfs debugfs /sys/kernel/debug.',
    };
  return {
    state: 'degraded',
    reason: `best effort: on a preemptible kernel ("${model}", says ${source}) ${way} skips some hits`,
    remedy:
      model === 'rt'
        ? 'Use a kernel without PREEMPT_RT, or deny by LSM.'
        : 'Boot with preempt=voluntary (or preempt=none), or deny by LSM.',
  };
};

export const systemCallsOnly: Caution = (facts, way) =>
  way === 'raw_tp/sys_enter' || way === 'raw_tp/sys_exit'
    ? {
        state: 'degraded',
        reason: 'system calls only, with arguments in user memory that can change after the check',
      }
    : undefined;

export const tracefsMissing: Caution = ({ mounts }) =>
  mounts.tracefs === undefined ? { state: 'degraded', ...noTracefs } : undefined;

/** The agent mounts it itself where it may. */
export const bpfFilesystem: Caution = ({ mounts, process }) =>
  mounts.bpf === undefined && !process.capabilities.includes('CAP_SYS_ADMIN')
    ? {
        state: 'missing',
        reason: 'no bpf filesystem is mounted, and this process may not mount one',
        remedy: 'Mount it: mount -t bpf bpf /sys/fs/bpf.',
      }
    : undefined;

export const foreignPids: Caution = ({ process }) =>
  process.hostPidNamespace
    ? undefined
    : {
        state: 'degraded',
        reason: 'this is not the host’s pid namespace: pids of events are not those of /proc here',
        remedy:
          'Run on the host, or in a container with the host’s pid namespace (hostPID: true, --pid=host).',
      };

export const cgroup2Missing: Caution = ({ mounts }) =>
  mounts.cgroup2 === undefined
    ? {
        state: 'degraded',
        reason: 'no cgroup v2 hierarchy is mounted: every process shows the cgroup "/"',
        remedy: 'Boot with systemd.unified_cgroup_hierarchy=1, or mount -t cgroup2 cgroup2 /sys/fs/cgroup.',
      }
    : undefined;

export const interpreted: Caution = ({ sysctls }) =>
  sysctls['net/core/bpf_jit_enable'] === 0
    ? {
        state: 'degraded',
        reason: 'programs are interpreted, which is several times slower',
        remedy: 'Switch the compiler on: sysctl net.core.bpf_jit_enable=1.',
      }
    : undefined;

/** Trying it would load these modules for good, so the kernel's configuration is asked. */
export const tcModules: Caution = ({ config: { options } }, way) => {
  if (way !== 'tc' || options === undefined) return undefined;
  const unset = ['CONFIG_NET_CLS_BPF', 'CONFIG_NET_SCH_INGRESS'].filter((option) => !(option in options));
  if (unset.length === 0) return undefined;
  return {
    state: 'missing',
    reason: `this kernel was built without ${listed(unset)}`,
    remedy: `Use Linux 6.6 or later, or a kernel built with ${listed(unset.map((option) => `${option}=m`))}.`,
  };
};
