// SPDX-License-Identifier: Apache-2.0
/**
 * Names of what BPF, perf and modules number: include/uapi/linux/bpf.h, include/uapi/linux/perf_event.h,
 * include/linux/panic.h. Types that are newer than Tetragon's lists show as digits, as there.
 */
import { NameTable } from './name-table.ts';

const PROGRAM_TYPES = [
  ...['UNSPEC', 'SOCKET_FILTER', 'KPROBE', 'SCHED_CLS', 'SCHED_ACT', 'TRACEPOINT', 'XDP', 'PERF_EVENT'],
  ...['CGROUP_SKB', 'CGROUP_SOCK', 'LWT_IN', 'LWT_OUT', 'LWT_XMIT', 'SOCK_OPS', 'SK_SKB', 'CGROUP_DEVICE'],
  ...['SK_MSG', 'RAW_TRACEPOINT', 'CGROUP_SOCK_ADDR', 'LWT_SEG6LOCAL', 'LIRC_MODE2', 'SK_REUSEPORT'],
  ...[
    'FLOW_DISSECTOR',
    'CGROUP_SYSCTL',
    'RAW_TRACEPOINT_WRITABLE',
    'CGROUP_SOCKOPT',
    'TRACING',
    'STRUCT_OPS',
  ],
  ...['EXT', 'LSM', 'SK_LOOKUP', 'SYSCALL'],
];
const MAP_TYPES = [
  ...['UNSPEC', 'HASH', 'ARRAY', 'PROG_ARRAY', 'PERF_EVENT_ARRAY', 'PERCPU_HASH', 'PERCPU_ARRAY'],
  ...['STACK_TRACE', 'CGROUP_ARRAY', 'LRU_HASH', 'LRU_PERCPU_HASH', 'LPM_TRIE', 'ARRAY_OF_MAPS'],
  ...['HASH_OF_MAPS', 'DEVMAP', 'SOCKMAP', 'CPUMAP', 'XSKMAP', 'SOCKHASH', 'CGROUP_STORAGE'],
  ...['REUSEPORT_SOCKARRAY', 'PERCPU_CGROUP_STORAGE', 'QUEUE', 'STACK', 'SK_STORAGE', 'DEVMAP_HASH'],
  ...['STRUCT_OPS', 'RINGBUF', 'INODE_STORAGE', 'TASK_STORAGE', 'BLOOM_FILTER'],
];
const PERF_TYPES = ['HARDWARE', 'SOFTWARE', 'TRACEPOINT', 'HW_CACHE', 'RAW', 'BREAKPOINT', 'MAX'];

export const programTypeName = new NameTable('ProgType', 'BPF_PROG_TYPE_', PROGRAM_TYPES);
export const mapTypeName = new NameTable('MapType', 'BPF_MAP_TYPE_', MAP_TYPES);
export const perfTypeName = new NameTable('Type', 'PERF_TYPE_', PERF_TYPES);

/** Commands of bpf(2) by number, as Tetragon's BpfCmd has them; one that is newer has no name there. */
export const BPF_COMMANDS = [
  ...['MAP_CREATE', 'MAP_LOOKUP_ELEM', 'MAP_UPDATE_ELEM', 'MAP_DELETE_ELEM', 'MAP_GET_NEXT_KEY', 'PROG_LOAD'],
  ...['OBJ_PIN', 'OBJ_GET', 'PROG_ATTACH', 'PROG_DETACH', 'PROG_TEST_RUN', 'PROG_GET_NEXT_ID'],
  ...['MAP_GET_NEXT_ID', 'PROG_GET_FD_BY_ID', 'MAP_GET_FD_BY_ID', 'OBJ_GET_INFO_BY_FD', 'PROG_QUERY'],
  ...['RAW_TRACEPOINT_OPEN', 'BTF_LOAD', 'BTF_GET_FD_BY_ID', 'TASK_FD_QUERY', 'MAP_LOOKUP_AND_DELETE_ELEM'],
  ...['MAP_FREEZE', 'BTF_GET_NEXT_ID', 'MAP_LOOKUP_BATCH', 'MAP_LOOKUP_AND_DELETE_BATCH', 'MAP_UPDATE_BATCH'],
  ...['MAP_DELETE_BATCH', 'LINK_CREATE', 'LINK_UPDATE', 'LINK_GET_FD_BY_ID', 'LINK_GET_NEXT_ID'],
  ...['ENABLE_STATS', 'ITER_CREATE', 'LINK_DETACH', 'PROG_BIND_MAP', 'TOKEN_CREATE'],
].map((name) => `BPF_${name}`);

/** Tetragon's TaintedBitsType: bit by name. */
const TAINTS: readonly [mask: number, name: string][] = [
  [1, 'TAINT_PROPRIETARY_MODULE'],
  [2, 'TAINT_FORCED_MODULE'],
  [4, 'TAINT_FORCED_UNLOAD_MODULE'],
  [1024, 'TAINT_STAGED_MODULE'],
  [4096, 'TAINT_OUT_OF_TREE_MODULE'],
  [8192, 'TAINT_UNSIGNED_MODULE'],
  [32768, 'TAINT_KERNEL_LIVE_PATCH_MODULE'],
  [262144, 'TAINT_TEST_MODULE'],
];

/** The names of a module's taints; a bit without one is left out, as the wire format has none for it. */
export function taintNames(taints: number): string[] {
  return TAINTS.filter(([mask]) => (taints & mask) !== 0).map(([, name]) => name);
}
