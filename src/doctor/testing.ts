// SPDX-License-Identifier: Apache-2.0
import type { CapabilityName, Trial } from '../kernel/capabilities.ts';
import type { Facts } from './facts.ts';
import { processCapabilities } from './process-capabilities.ts';
import { requirements } from './requirements.ts';

const NAMES = Object.keys(requirements) as CapabilityName[];

/** A kernel that offers everything, but for what `refused` maps to the errno of its refusal ("" was not tried). */
export function testFacts(
  refused: Partial<Record<CapabilityName, string>> = {},
  change: Partial<Facts> = {},
): Facts {
  const trial = (name: CapabilityName): Trial => {
    const errno = refused[name];
    const common = { group: 'program', tried: 'attach' } as const;
    if (errno === undefined) return { ...common, available: true };
    if (errno === '') return { ...common, available: undefined, message: 'it needs a network namespace' };
    return { ...common, available: false, errno, message: `Cannot attach: ${errno}` };
  };
  return {
    release: '6.12.1-test',
    build: '#1 SMP PREEMPT_DYNAMIC',
    architecture: 'x86_64',
    cpus: 2,
    clocksource: 'tsc',
    preemption: { model: 'voluntary', source: 'the scheduler' },
    btf: { vmlinux: true, modules: true },
    config: { source: undefined, options: undefined },
    lsm: ['lockdown', 'capability', 'landlock', 'yama', 'apparmor', 'bpf'],
    lockdown: 'none',
    sysctls: {
      'kernel/unprivileged_bpf_disabled': 2,
      'net/core/bpf_jit_enable': 1,
      'kernel/kptr_restrict': 0,
    },
    mounts: {
      bpf: '/sys/fs/bpf',
      tracefs: '/sys/kernel/tracing',
      securityfs: '/sys/kernel/security',
      debugfs: '/sys/kernel/debug',
      cgroup2: '/sys/fs/cgroup',
      cgroup: undefined,
    },
    process: { uid: 0, capabilities: processCapabilities, hostPidNamespace: true, hostUserNamespace: true },
    trials: Object.fromEntries(NAMES.map((name) => [name, trial(name)])) as Facts['trials'],
    ...change,
  };
}
