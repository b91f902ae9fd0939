// SPDX-License-Identifier: Apache-2.0
/** Ways to attach, each with the program of bpf/hook.bpf.c and the root of bpf/root.bpf.c that serve it. */
export type AttachTarget =
  | { readonly by: 'fentry' | 'fexit' | 'lsm' | 'kprobe'; readonly functionName: string }
  | { readonly by: 'tracepoint'; readonly subsystem: string; readonly event: string }
  | { readonly by: 'raw_tracepoint'; readonly event: string }
  /** one system call among all, at the raw tracepoints sys_enter and sys_exit */
  | { readonly by: 'sys_enter' | 'sys_exit'; readonly syscall: number };

/** Hooks with the same key share a program. */
export function targetKey(target: AttachTarget): string {
  switch (target.by) {
    case 'tracepoint':
      return `tracepoint:${target.subsystem}/${target.event}`;
    case 'raw_tracepoint':
      return `raw_tracepoint:${target.event}`;
    case 'sys_enter':
    case 'sys_exit':
      return `${target.by}:${target.syscall}`;
    default:
      return `${target.by}:${target.functionName}`;
  }
}

/** Targets with the same root share what is attached to the kernel. */
export function rootKey(target: AttachTarget): string {
  return target.by === 'sys_enter' || target.by === 'sys_exit' ? target.by : targetKey(target);
}
