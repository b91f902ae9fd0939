// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { HookLimit } from '../events/gen/layouts.ts';

/** A target, apart from others at the same place when its events are of another kind. */
export type AttachTarget = AttachPlace & {
  /** for process_loader */
  readonly use?: 'loader';
};

/** A function of the kernel, by trampoline or by kprobe. */
export interface FunctionTarget {
  readonly by: 'fentry' | 'fexit' | 'kprobe' | 'kretprobe';
  readonly functionName: string;
}

/** Ways to attach, each with the program of bpf/hook.bpf.c and the root of bpf/root.bpf.c that serve it. */
type AttachPlace =
  | FunctionTarget
  /** lsm_ima: before the programs of `lsm`, for those rules that want the file's hash */
  | { readonly by: 'lsm' | 'lsm_ima' | 'fmod_ret'; readonly functionName: string }
  /** a kprobe that can have the function return in place of running */
  | { readonly by: 'override'; readonly functionName: string }
  | { readonly by: 'tracepoint'; readonly subsystem: string; readonly event: string }
  | { readonly by: 'raw_tracepoint'; readonly event: string }
  /** every execve, for what processes inherit (follow.ts) */
  | { readonly by: 'follow' }
  /** one system call among all, at the raw tracepoints sys_enter and sys_exit; by its place (syscall-name.ts) */
  | { readonly by: 'sys_enter' | 'sys_exit'; readonly syscall: number }
  /** the same for many that share one program */
  | { readonly by: 'syscalls_enter' | 'syscalls_exit'; readonly places: readonly number[] }
  /** many functions that share one program; their places are their positions */
  | { readonly by: 'kprobe_multi'; readonly functions: readonly string[] }
  | UserTarget;

/** A place in a file that runs in user space: a function, its return, or one place of a USDT probe. */
export interface UserTarget {
  readonly by: 'uprobe' | 'uretprobe' | 'usdt';
  readonly path: string;
  /** a name of the file while it is planned: who gives the path to another file meanwhile gets no probe in it */
  readonly openPath: string;
  /** tells the file from another that gets its path later */
  readonly identity: string;
  /** in the file, bytes */
  readonly offset: number;
  /** of a counter that the kernel raises while a probe is attached, in the file; 0 without */
  readonly refCtrOffset: number;
  /** what events call it: a symbol, or provider:name; empty where the policy gives a place only */
  readonly name: string;
}

export function isFunctionTarget(target: AttachTarget): target is FunctionTarget & AttachTarget {
  return 'functionName' in target && target.by !== 'lsm' && target.by !== 'lsm_ima';
}

/** Whether the program is loaded for its function: what its arguments are is known then. */
export function hasTrampoline(
  target: AttachTarget,
): target is AttachTarget & { by: 'fentry' | 'fexit' | 'lsm' | 'lsm_ima'; functionName: string } {
  return (
    'functionName' in target &&
    target.by !== 'kprobe' &&
    target.by !== 'kretprobe' &&
    target.by !== 'override'
  );
}

/** Hooks with the same key share a program. */
export function targetKey(target: AttachTarget): string {
  const place = placeKey(target);
  return target.use === undefined ? place : `${target.use}:${place}`;
}

function placeKey(target: AttachTarget): string {
  switch (target.by) {
    case 'tracepoint':
      return `tracepoint:${target.subsystem}/${target.event}`;
    case 'raw_tracepoint':
      return `raw_tracepoint:${target.event}`;
    case 'sys_enter':
    case 'sys_exit':
      return `${target.by}:${syscallName(target.syscall)}`;
    case 'syscalls_enter':
    case 'syscalls_exit':
      return `${target.by}:${setName(target.places)}`;
    case 'kprobe_multi':
      return `${target.by}:${setName(target.functions)}`;
    case 'follow':
      return target.by;
    case 'uprobe':
    case 'uretprobe':
    case 'usdt':
      return `${target.by}:${target.path}:${target.name}${userPlace(target)}`;
    default:
      return `${target.by}:${target.functionName}`;
  }
}

function syscallName(place: number): string {
  const { HOOK_SYSCALLS_MAX } = HookLimit;
  return place < HOOK_SYSCALLS_MAX ? String(place) : `32-bit/${place - HOOK_SYSCALLS_MAX}`;
}

/** How many, and which, as a digest. */
function setName(members: readonly (string | number)[]): string {
  return `${members.length}#${createHash('sha256').update(members.join()).digest('hex').slice(0, 16)}`;
}

function userPlace({ offset, refCtrOffset, identity }: UserTarget): string {
  const counter = refCtrOffset === 0 ? '' : `,counter=0x${refCtrOffset.toString(16)}`;
  return `@0x${offset.toString(16)}${counter}#${identity}`;
}

/** Targets with the same root share what is attached to the kernel. */
export function rootKey(target: AttachTarget): string {
  if (target.by !== 'sys_enter' && target.by !== 'sys_exit') return targetKey(target);
  return target.use === undefined ? target.by : `${target.use}:${target.by}`;
}
