// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CapabilityName } from '../kernel/capabilities.ts';
import type { Facts } from './facts.ts';
import { features } from './features.ts';
import type { FeatureState, Verdict } from './judge.ts';
import { isFit, judge } from './judge.ts';
import { testFacts } from './testing.ts';

function verdictOn(name: string, facts: Facts): Verdict {
  const feature = features.find((candidate) => candidate.name === name);
  assert.ok(feature, name);
  return judge(feature, facts);
}

const TRAMPOLINES = { fentry: 'EPERM', fexit: 'EPERM', fmod_ret: 'EPERM', lsm: 'EPERM' };
const config = (...options: string[]) => ({
  config: { source: '/boot/config', options: Object.fromEntries(options.map((name) => [name, 'y'])) },
});
const boundTo = (...capabilities: Facts['process']['capabilities']) => ({
  process: { uid: 0, capabilities, hostPidNamespace: true, hostUserNamespace: true },
});

interface Case {
  title: string;
  feature: string;
  refused?: Partial<Record<CapabilityName, string>>;
  change?: Partial<Facts>;
  state: FeatureState;
  by?: CapabilityName;
  /** each is in one of the remedies */
  remedies?: RegExp[];
  reason?: RegExp;
}

const CASES: Case[] = [
  { title: 'everything is there', feature: 'process events', state: 'ready' },
  {
    title: 'a missing kind of program',
    feature: 'process events',
    refused: { tp_btf: 'EINVAL' },
    change: config('CONFIG_BPF_EVENTS'),
    state: 'missing',
    remedies: [/CONFIG_DEBUG_INFO_BTF=y/],
  },
  {
    title: 'lockdown against reading memory',
    feature: 'process events',
    refused: { bpf_probe_read_kernel: 'EINVAL' },
    change: { lockdown: 'confidentiality' },
    state: 'missing',
    remedies: [/lockdown=integrity/],
  },
  {
    title: 'a process without a capability',
    feature: 'process events',
    refused: { tp_btf: 'EPERM' },
    change: boundTo('CAP_BPF'),
    state: 'missing',
    remedies: [/give the process CAP_PERFMON/],
  },
  {
    title: 'CAP_SYS_ADMIN stands for CAP_BPF and CAP_PERFMON',
    feature: 'process events',
    refused: { tp_btf: 'EPERM' },
    change: boundTo('CAP_SYS_ADMIN'),
    state: 'missing',
    remedies: [/Check that the kernel was built with CONFIG_BPF_EVENTS/],
  },
  {
    title: 'another pid namespace',
    feature: 'process events',
    change: { process: { ...testFacts().process, hostPidNamespace: false } },
    state: 'degraded',
    remedies: [/hostPID: true/],
  },
  {
    title: 'no cgroup v2',
    feature: 'process events',
    change: { mounts: { ...testFacts().mounts, cgroup2: undefined } },
    state: 'degraded',
    remedies: [/unified_cgroup_hierarchy/],
  },
  {
    title: 'no compiler for programs',
    feature: 'process events',
    change: { sysctls: { ...testFacts().sysctls, 'net/core/bpf_jit_enable': 0 } },
    state: 'degraded',
    remedies: [/sysctl net.core.bpf_jit_enable=1/],
  },
  {
    title: 'nowhere to pin',
    feature: 'process events',
    change: { mounts: { ...testFacts().mounts, bpf: undefined }, ...boundTo('CAP_BPF', 'CAP_PERFMON') },
    state: 'missing',
    remedies: [/mount -t bpf/],
  },
  {
    title: 'lockdown against reading memory',
    feature: 'policies on LSM hooks',
    refused: { bpf_probe_read_kernel: 'EINVAL' },
    change: { lockdown: 'confidentiality' },
    state: 'missing',
    remedies: [/lockdown=integrity/],
  },
  { title: 'the cheapest way', feature: 'policies on kernel functions', state: 'ready', by: 'fentry' },
  {
    title: 'the next way is as good',
    feature: 'policies on kernel functions',
    refused: { ...TRAMPOLINES, 'kprobe.multi': 'EOPNOTSUPP' },
    state: 'ready',
    by: 'kprobe',
  },
  {
    title: 'only system calls are left',
    feature: 'policies on kernel functions',
    refused: { ...TRAMPOLINES, 'kprobe.multi': 'EOPNOTSUPP', kprobe: 'EOPNOTSUPP' },
    change: { ...config('CONFIG_BPF_EVENTS', 'CONFIG_FUNCTION_TRACER'), lockdown: 'integrity' },
    state: 'degraded',
    by: 'raw_tp/sys_enter',
    reason: /system calls only/,
    remedies: [/CONFIG_FPROBE=y/, /CONFIG_KPROBES=y and CONFIG_KPROBE_EVENTS=y/],
  },
  {
    title: 'a preemptible kernel skips hits of fentry',
    feature: 'policies on kernel functions',
    change: { preemption: { model: 'full', source: 'the scheduler' } },
    state: 'degraded',
    by: 'fentry',
    remedies: [/preempt=voluntary/],
  },
  {
    title: 'but not of kprobes',
    feature: 'policies on kernel functions',
    refused: { fentry: 'EPERM' },
    change: { preemption: { model: 'full', source: 'the scheduler' } },
    state: 'ready',
    by: 'kprobe.multi',
  },
  {
    title: 'denial on a preemptible kernel',
    feature: 'deny by fmod_ret',
    change: { preemption: { model: 'rt', source: 'the kernel build' } },
    state: 'degraded',
    by: 'fmod_ret',
    reason: /^best effort/,
    remedies: [/deny by LSM/],
  },
  {
    title: 'denial where preemption is unknown',
    feature: 'deny by fmod_ret',
    change: { preemption: { model: undefined, source: 'nothing' } },
    state: 'degraded',
    remedies: [/mount -t debugfs/],
  },
  { title: 'denial by LSM is not concerned', feature: 'deny by LSM', state: 'ready', by: 'lsm' },
  {
    title: 'a locked-down kernel',
    feature: 'deny by LSM',
    refused: TRAMPOLINES,
    change: { lockdown: 'integrity' },
    state: 'missing',
    reason: /EPERM; lockdown is "integrity"/,
    remedies: [/^Boot with lockdown=none/],
  },
  {
    title: 'a program that attaches and is never called',
    feature: 'deny by LSM',
    change: { lsm: ['lockdown', 'capability', 'landlock', 'yama', 'apparmor', 'ima', 'evm'] },
    state: 'missing',
    remedies: [/^Add "lsm=lockdown,landlock,yama,apparmor,bpf" to the kernel command line and reboot\.$/],
  },
  {
    title: 'a kernel without BPF LSM',
    feature: 'deny by LSM',
    change: { lsm: ['capability'], ...config('CONFIG_BPF_EVENTS') },
    state: 'missing',
    remedies: [/CONFIG_BPF_LSM=y/],
  },
  {
    title: 'a list that cannot be read',
    feature: 'policies on LSM hooks',
    change: { lsm: undefined },
    state: 'degraded',
    remedies: [/mount -t securityfs/],
  },
  {
    title: 'no error injection',
    feature: 'deny by override',
    refused: { bpf_override_return: 'EINVAL' },
    change: config('CONFIG_KPROBES', 'CONFIG_KPROBE_EVENTS', 'CONFIG_BPF_EVENTS'),
    state: 'missing',
    remedies: [/CONFIG_FUNCTION_ERROR_INJECTION=y and CONFIG_BPF_KPROBE_OVERRIDE=y/],
  },
  {
    title: 'tracefs is not mounted',
    feature: 'policies on tracepoints',
    change: { mounts: { ...testFacts().mounts, tracefs: undefined } },
    state: 'degraded',
    by: 'tracepoint',
    remedies: [/mount -t tracefs/],
  },
  {
    title: 'an older kernel attaches with tc',
    feature: 'pod network',
    refused: { tcx: 'EINVAL' },
    change: { release: '6.1.0-56-cloud-amd64', ...config('CONFIG_NET_CLS_BPF', 'CONFIG_NET_SCH_INGRESS') },
    state: 'ready',
    by: 'tc',
  },
  {
    title: 'an older kernel without its modules',
    feature: 'pod network',
    refused: { tcx: 'EINVAL' },
    change: { release: '6.1.0', ...config('CONFIG_NET_CLS_BPF') },
    state: 'missing',
    remedies: [/CONFIG_NET_SCH_INGRESS=m/],
  },
  {
    title: 'a version that is too old',
    feature: 'pod devices by netkit',
    refused: { netkit: 'EINVAL' },
    change: { release: '6.6.1' },
    state: 'missing',
    remedies: [/^Use Linux 6\.7 or later\.$/],
  },
  {
    title: 'what could not be tried',
    feature: 'XDP',
    refused: { xdp: '' },
    state: 'unknown',
    reason: /network namespace/,
  },
];

for (const { title, feature, refused, change, state, by, remedies = [], reason } of CASES) {
  test(`${feature}: ${title}`, () => {
    const verdict = verdictOn(feature, testFacts(refused, change));
    assert.equal(verdict.state, state, JSON.stringify(verdict));
    if (by !== undefined) assert.equal(verdict.by, by);
    const found = verdict.explanations.flatMap((explanation) => explanation.remedy ?? []);
    for (const pattern of remedies)
      assert.ok(
        found.some((remedy) => pattern.test(remedy)),
        found.join(' '),
      );
    if (state === 'ready') assert.deepEqual(verdict.explanations, []);
    else assert.ok(verdict.explanations.length > 0, 'what is not ready has a reason');
    if (reason !== undefined) assert.match(verdict.explanations.map((one) => one.reason).join('\n'), reason);
  });
}

test('this version is fit when what it implements works, with or without limits', () => {
  const all = (facts: Facts): Verdict[] => features.map((feature) => judge(feature, facts));
  assert.equal(isFit(all(testFacts())), true);
  assert.equal(isFit(all(testFacts(TRAMPOLINES))), true, 'what only some policies need does not count');
  assert.equal(
    isFit(all(testFacts({}, { sysctls: { ...testFacts().sysctls, 'net/core/bpf_jit_enable': 0 } }))),
    true,
  );
  assert.equal(isFit(all(testFacts({ ringbuf: 'EINVAL' }))), false);
});

test('what the agent cannot do without is process events', () => {
  assert.deepEqual(
    features.filter(({ essential }) => essential).map(({ name, implemented }) => [name, implemented]),
    [['process events', true]],
  );
});
