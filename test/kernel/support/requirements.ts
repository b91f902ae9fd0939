// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { addon } from '../../../src/kernel/addon.ts';
import { BpfError } from '../../../src/kernel/bpf-error.ts';
import { Capabilities } from '../../../src/kernel/capabilities.ts';
import { whyHitsAreSkipped } from '../../../src/kernel/skipped-hits.ts';
import { RunningKernel } from '../../../src/sensor/running-kernel.ts';

const repository = resolve(import.meta.dirname, '../../..');

/** Each need of a test and, where this machine does not meet it, why. */
const CHECKS = {
  root: () => (process.getuid?.() === 0 ? undefined : 'not root'),
  btf: () => (existsSync('/sys/kernel/btf/vmlinux') ? undefined : 'the kernel has no BTF'),
  kprobes: () => (hasKprobes() ? undefined : 'the kernel has no kprobes'),
  trampolines: () => once('trampolines', tryTrampoline),
  /** every hit of a hook that signals has its run: a trampoline's program misses some where tasks preempt each other */
  unskippedHits: () =>
    whyHitsAreSkipped() !== undefined && once('trampolines', tryTrampoline) === undefined && !hasKprobes()
      ? 'trampolines skip hits on a preemptible kernel'
      : undefined,
  bpfLsm: () => {
    if (!existsSync('/sys/kernel/security/lsm')) return 'securityfs, which lists the LSMs, is not mounted';
    const names = readFileSync('/sys/kernel/security/lsm', 'utf8').trim().split(',');
    return names.includes('bpf') ? undefined : 'BPF LSM is not among the LSMs';
  },
  /** a root directory on a filesystem that a loaded module brought */
  overlayModule: () =>
    existsSync('/sys/module/overlay/initstate') && / \/ overlay /.test(readFileSync('/proc/mounts', 'utf8'))
      ? undefined
      : 'no module serves the root directory',
  compat: () =>
    new RunningKernel().syscallAbis.includes('i386')
      ? undefined
      : 'the kernel does not serve 32-bit programs',
  withoutOverrideReturn: () =>
    new Capabilities().has('bpf_override_return') ? 'the kernel has bpf_override_return' : undefined,
  uprobeRegisters: () =>
    new Capabilities().has('uprobe registers') ? undefined : 'the kernel lets no uprobe change registers',
  writeUser: () =>
    new Capabilities().has('bpf_probe_write_user')
      ? undefined
      : 'the kernel lets no program write memory of a process',
  guest: () => (process.env.GUEST_KERNEL === undefined ? 'runs only in a guest' : undefined),
  host: () => (process.env.GUEST_KERNEL === undefined ? undefined : 'runs on the host only'),
  shared: () =>
    existsSync(resolve(repository, '../shared')) ? undefined : '../shared is absent (an ordinary clone)',
} satisfies Record<string, () => string | undefined>;

/** What a test needs beyond Node; see CHECKS. */
export type Requirement = keyof typeof CHECKS;

/**
 * For the `skip` option of a test: false where every need is met, otherwise the reason, which `test/expected-skips.json`
 * must list for this environment.
 *
 *     test('denies an open', { skip: requires('root', 'trampolines', 'bpfLsm') }, () => …)
 */
export function requires(...needs: Requirement[]): string | false {
  for (const need of needs) {
    const reason = CHECKS[need]();
    if (reason !== undefined) return reason;
  }
  return false;
}

const results = new Map<string, string | undefined>();

function once(name: string, check: () => string | undefined): string | undefined {
  if (!results.has(name)) results.set(name, check());
  return results.get(name);
}

function tryTrampoline(): string | undefined {
  const object = new addon.BpfObject(resolve(repository, 'build/bpf/trampoline.bpf.o'));
  try {
    object.load();
    object.program('trampoline').attach({ kind: 'trace' }).close();
    return undefined;
  } catch (error) {
    if (!(error instanceof BpfError)) throw error;
    return `the kernel refuses trampolines (${error.errnoName})`;
  } finally {
    object.close();
  }
}

function hasKprobes(): boolean {
  return existsSync('/sys/bus/event_source/devices/kprobe');
}
