// SPDX-License-Identifier: Apache-2.0
import type { CapabilityName } from '../kernel/capabilities.ts';
import type { Caution } from './cautions.ts';
import {
  bpfFilesystem,
  cgroup2Missing,
  foreignPids,
  inactiveLsm,
  interpreted,
  tracefsMissing,
  skippedHits,
  systemCallsOnly,
  tcModules,
} from './cautions.ts';

/** One thing that Merlon does, and what it takes. */
export interface Feature {
  readonly name: string;
  /** this version does it; else the verdict is only about the kernel */
  readonly implemented: boolean;
  /** without it the agent cannot work at all; what else is missing is refused where a policy asks for it */
  readonly essential: boolean;
  /** all of them */
  readonly needs: readonly CapabilityName[];
  /** mechanisms, cheapest first; the first that works is used. Empty: the needs are all. */
  readonly ways: readonly CapabilityName[];
  readonly cautions: readonly Caution[];
}

const later = { implemented: false, essential: false, needs: [] } as const;
const optional = { implemented: true, essential: false, needs: [] } as const;
/** Arguments are strings, paths and structures of the kernel. */
const reading = { ...optional, needs: ['bpf_probe_read_kernel'] } as const;

/** In the order of the report; mechanisms in the order of preference of docs/architecture.md. */
export const features: readonly Feature[] = [
  {
    name: 'process events',
    implemented: true,
    essential: true,
    needs: [
      'bpf_probe_read_kernel',
      'tp_btf',
      'iter/task',
      'bpf_loop',
      'ringbuf',
      'task_storage',
      'mmapable array',
      'process sensor',
    ],
    ways: [],
    cautions: [bpfFilesystem, foreignPids, cgroup2Missing, interpreted],
  },
  {
    ...reading,
    name: 'policies on kernel functions',
    ways: ['fentry', 'kprobe.multi', 'kprobe', 'raw_tp/sys_enter'],
    cautions: [systemCallsOnly, skippedHits],
  },
  {
    ...reading,
    name: 'policies on return values',
    ways: ['fexit', 'kretprobe', 'raw_tp/sys_exit'],
    cautions: [systemCallsOnly, skippedHits],
  },
  { ...reading, name: 'policies on tracepoints', ways: ['tracepoint'], cautions: [tracefsMissing] },
  { ...reading, name: 'policies on raw tracepoints', ways: ['tp_btf', 'raw_tp'], cautions: [] },
  { ...optional, name: 'policies on user functions', ways: ['uprobe.multi', 'uprobe'], cautions: [] },
  { ...optional, name: 'policies on user probes (USDT)', ways: ['uprobe.multi', 'uprobe'], cautions: [] },
  { ...reading, name: 'policies on LSM hooks', ways: ['lsm'], cautions: [inactiveLsm] },
  { ...reading, name: 'deny by LSM', ways: ['lsm'], cautions: [inactiveLsm] },
  { ...reading, name: 'deny by fmod_ret', ways: ['fmod_ret'], cautions: [skippedHits] },
  { ...reading, name: 'deny by override', ways: ['bpf_override_return'], cautions: [] },
  { ...optional, name: 'override in user functions', ways: ['uprobe registers'], cautions: [] },
  { ...optional, name: 'set arguments of user probes', ways: ['bpf_probe_write_user'], cautions: [] },
  { ...optional, name: 'kill or signal', ways: ['bpf_send_signal'], cautions: [] },
  { ...optional, name: 'self-protection', needs: ['task_storage'], ways: ['lsm'], cautions: [inactiveLsm] },
  {
    ...optional,
    name: 'policy switch without a gap',
    needs: ['prog_array', 'mmapable array'],
    ways: [],
    cautions: [],
  },
  { ...optional, name: 'prefixes and networks', needs: ['lpm_trie'], ways: [], cautions: [] },
  { ...later, name: 'pod network', ways: ['tcx', 'tc'], cautions: [tcModules] },
  { ...later, name: 'pod devices by netkit', ways: ['netkit'], cautions: [] },
  { ...later, name: 'XDP', ways: ['xdp'], cautions: [] },
  { ...later, name: 'services at connect', needs: ['cgroup/connect4', 'sockops'], ways: [], cautions: [] },
];
