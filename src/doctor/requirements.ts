// SPDX-License-Identifier: Apache-2.0
import type { CapabilityName } from '../kernel/capabilities.ts';
import type { ProcessCapability } from './process-capabilities.ts';

/** What a capability takes of a kernel and of the process. */
export interface Requirement {
  /** Linux version that brought it; absent: every supported kernel has it */
  readonly since?: string;
  /** each must be `y` or `m` */
  readonly config?: readonly string[];
  /** beyond CAP_BPF */
  readonly process?: readonly ProcessCapability[];
  /** patches the entry of a kernel function */
  readonly trampoline?: true;
}

const TRAMPOLINE: Requirement = {
  config: ['CONFIG_FUNCTION_TRACER', 'CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS', 'CONFIG_DEBUG_INFO_BTF'],
  process: ['CAP_PERFMON'],
  trampoline: true,
};
const LSM: Requirement = { ...TRAMPOLINE, config: [...(TRAMPOLINE.config ?? []), 'CONFIG_BPF_LSM'] };
const TRACING: Requirement = { config: ['CONFIG_BPF_EVENTS'], process: ['CAP_PERFMON'] };
const BTF_TRACING: Requirement = { ...TRACING, config: ['CONFIG_BPF_EVENTS', 'CONFIG_DEBUG_INFO_BTF'] };
const KPROBE: Requirement = {
  ...TRACING,
  config: ['CONFIG_KPROBES', 'CONFIG_KPROBE_EVENTS', 'CONFIG_BPF_EVENTS'],
};
const UPROBE: Requirement = {
  ...TRACING,
  config: ['CONFIG_UPROBES', 'CONFIG_UPROBE_EVENTS', 'CONFIG_BPF_EVENTS'],
};
const CGROUP: Requirement = { config: ['CONFIG_CGROUP_BPF'], process: ['CAP_NET_ADMIN'] };
const NETWORK: Requirement = { process: ['CAP_NET_ADMIN'] };

/** Versions and options as of the commits that brought them; what no kernel since 6.1 lacks has no version. */
export const requirements: Readonly<Record<CapabilityName, Requirement>> = {
  tp_btf: BTF_TRACING,
  raw_tp: TRACING,
  'raw_tp/sys_enter': TRACING,
  'raw_tp/sys_exit': TRACING,
  tracepoint: TRACING,
  'iter/task': BTF_TRACING,
  kprobe: KPROBE,
  kretprobe: KPROBE,
  'kprobe.multi': { ...TRACING, config: ['CONFIG_FPROBE', 'CONFIG_BPF_EVENTS'] },
  ksyscall: KPROBE,
  fentry: TRAMPOLINE,
  fexit: TRAMPOLINE,
  fmod_ret: { ...TRAMPOLINE, config: [...(TRAMPOLINE.config ?? []), 'CONFIG_SECURITY'] },
  lsm: LSM,
  'lsm.s': LSM,
  lsm_cgroup: { ...LSM, config: [...(LSM.config ?? []), 'CONFIG_CGROUP_BPF'] },
  uprobe: UPROBE,
  uretprobe: UPROBE,
  'uprobe.multi': { ...UPROBE, since: '6.6' },
  'cgroup/connect4': { ...CGROUP, config: ['CONFIG_CGROUP_BPF', 'CONFIG_INET'] },
  sockops: CGROUP,
  xdp: NETWORK,
  tc: { ...NETWORK, config: ['CONFIG_NET_CLS_BPF', 'CONFIG_NET_SCH_INGRESS'] },
  tcx: { ...NETWORK, since: '6.6', config: ['CONFIG_NET_XGRESS'] },
  netkit: { ...NETWORK, since: '6.7', config: ['CONFIG_NETKIT'] },

  bpf_loop: {},
  bpf_probe_read_kernel: TRACING,
  bpf_send_signal: TRACING,
  bpf_override_return: {
    ...KPROBE,
    config: [...(KPROBE.config ?? []), 'CONFIG_FUNCTION_ERROR_INJECTION', 'CONFIG_BPF_KPROBE_OVERRIDE'],
  },
  'uprobe registers': { ...UPROBE, since: '6.18' },
  bpf_probe_write_user: UPROBE,
  bpf_d_path: TRAMPOLINE,
  bpf_copy_from_user_task: BTF_TRACING,
  bpf_path_d_path: { ...LSM, since: '6.12' },
  bpf_strnstr: { since: '6.17' },
  bpf_strncasestr: { since: '6.19' },

  ringbuf: {},
  task_storage: {},
  lpm_trie: {},
  prog_array: {},
  'mmapable array': {},

  'process sensor': BTF_TRACING,
};
