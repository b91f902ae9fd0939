// SPDX-License-Identifier: Apache-2.0
import type { Facts } from './facts.ts';
import { processCapabilities } from './process-capabilities.ts';

/** The facts as rows of a label and a text. */
export function describeKernel(facts: Facts): string[][] {
  const { preemption, btf, config, lsm, lockdown, mounts, clocksource } = facts;
  return [
    ['build', facts.build],
    ['preemption', `${preemption.model ?? 'unknown'} (by ${preemption.source})`],
    ['BTF', btf.vmlinux ? `of the kernel${btf.modules ? ' and of modules' : ''}` : 'none'],
    ['config', config.source ?? 'not readable'],
    ['LSM', lsm?.join(', ') ?? 'unknown: securityfs cannot be read'],
    ['lockdown', lockdown ?? 'unknown: securityfs cannot be read'],
    ['cgroups', describeCgroups(mounts)],
    ['mounts', describeMounts(mounts)],
    ['settings', describeSettings(facts.sysctls)],
    ['clock', clocksource ?? 'unknown'],
    ['process', describeProcess(facts.process)],
  ];
}

function describeCgroups({ cgroup, cgroup2 }: Facts['mounts']): string {
  if (cgroup2 === undefined) return cgroup === undefined ? 'none mounted' : 'v1 only';
  return `v2 on ${cgroup2}${cgroup === undefined ? '' : ', beside v1'}`;
}

function describeMounts({ bpf, tracefs, securityfs, debugfs }: Facts['mounts']): string {
  const places = Object.entries({ bpf, tracefs, securityfs, debugfs });
  const mounted = places.flatMap(([type, place]) => (place === undefined ? [] : `${type} on ${place}`));
  const not = places.flatMap(([type, place]) => (place === undefined ? type : []));
  return [...mounted, ...(not.length === 0 ? [] : [`not mounted: ${not.join(', ')}`])].join('; ');
}

function describeSettings(sysctls: Facts['sysctls']): string {
  return Object.entries(sysctls)
    .map(([path, value]) => `${path.replaceAll('/', '.')} = ${value ?? 'unknown'}`)
    .join(', ');
}

function describeProcess({
  uid,
  capabilities,
  hostPidNamespace,
  hostUserNamespace,
}: Facts['process']): string {
  const missing = processCapabilities.filter((name) => !capabilities.includes(name));
  return [
    `uid ${uid}`,
    missing.length === 0 ? 'every capability that could be needed' : `without ${missing.join(', ')}`,
    `${hostPidNamespace ? 'the host’s' : 'another'} pid namespace`,
    `${hostUserNamespace ? 'the host’s' : 'another'} user namespace`,
  ].join(', ');
}
