// SPDX-License-Identifier: Apache-2.0
import { didYouMean, nearestName } from '../base/nearest-name.ts';
import type { SourcePosition } from '../base/source-position.ts';
import type { HookTarget } from '../events/hook.ts';
import type { Hook, KprobeHook, List, LsmHook, TracepointHook } from '../policy/model.ts';
import type { AttachTarget } from './attach-target.ts';
import { X86_64_SYSCALLS } from './gen/syscalls.ts';
import type { KernelFacts, KernelFunction } from './kernel-facts.ts';
import { attempt, type OnPlanError, PlanError, raise } from './plan-problem.ts';
import { bareSyscall, syscallNumber } from './syscall-name.ts';
import { uprobeTargets, usdtTargets } from './plan-user-target.ts';
import type { Signature } from './plan-value.ts';

/** Kernels have many names that differ in a word. */
const NAMES_SHOWN = 3;

/** Where a hook of a policy is attached on this kernel. */
export interface PlannedTarget {
  readonly attach: AttachTarget;
  readonly shown: HookTarget;
  readonly signature: Signature;
  /** the first argument is the pt_regs of a system call's caller */
  readonly syscallRegisters: boolean;
  /** arguments of what is attached to */
  readonly argumentCount: number;
  /** the program runs when the function returns */
  readonly atReturn: boolean;
}

/**
 * The cheapest way to attach that this kernel has. A list gives one target per call; `onError` hears of each that the kernel
 * has no function for, or no way to attach to. Throws a PlanError when there is nothing at all.
 */
export function planTargets(hook: Hook, facts: KernelFacts, onError: OnPlanError = raise): PlannedTarget[] {
  switch (hook.kind) {
    case 'kprobe':
    case 'fentry':
      return callsOf(hook).flatMap((call) => attempt(() => functionTarget(hook, call, facts), onError) ?? []);
    case 'tracepoint':
      return [hook.raw ? rawTracepointTarget(hook, facts) : tracepointTarget(hook, facts)];
    case 'lsm':
      return [lsmTarget(hook, facts)];
    case 'uprobe':
      return uprobeTargets(hook, facts);
    case 'usdt':
      return usdtTargets(hook, facts);
  }
}

interface NamedCall {
  readonly name: string;
  readonly at: SourcePosition;
  readonly isSyscall: boolean;
}

function callsOf({ call, syscall }: KprobeHook): NamedCall[] {
  if (call.kind === 'function') return [{ name: call.name, at: call.at, isSyscall: syscall }];
  const { list, at } = call;
  if (list.type === 'generated_syscalls' || list.type === 'generated_ftrace')
    throw new PlanError(
      list.at,
      `Cannot expand a list of type "${list.type}": this version does not serve it`,
    );
  if (list.values.length === 0) throw new PlanError(at, `Cannot use list "${list.name}": it is empty`);
  return list.values.map((name) => ({ name, at, isSyscall: syscall || isSyscallList(list) }));
}

function isSyscallList(list: List): boolean {
  return list.type === 'syscalls';
}

function functionTarget(hook: KprobeHook, call: NamedCall, facts: KernelFacts): PlannedTarget[] {
  // returnCopy: the function has filled the buffer when it returns.
  const atReturn = hook.returnArg !== undefined || hook.args.some(({ returnCopy }) => returnCopy);
  try {
    return [
      call.isSyscall ? syscallTarget(call, atReturn, facts) : kernelFunctionTarget(call, atReturn, facts),
    ];
  } catch (error) {
    if (hook.ignoreCallNotFound && error instanceof PlanError) return [];
    throw error;
  }
}

function syscallTarget({ name, at }: NamedCall, atReturn: boolean, facts: KernelFacts): PlannedTarget {
  const number = syscallNumber(name, at, facts);
  const functionName = facts.syscallFunction(bareSyscall(name));
  const common = {
    shown: { kind: 'kprobe', functionName },
    signature: { kind: 'syscall' },
    syscallRegisters: true,
    atReturn,
  } as const;
  const { attach } = facts;
  if (attach.trampoline && facts.findFunction(functionName) !== undefined)
    return { ...common, attach: { by: atReturn ? 'fexit' : 'fentry', functionName }, argumentCount: 1 };
  if (attach.kprobe && !atReturn)
    return { ...common, attach: { by: 'kprobe', functionName }, argumentCount: 1 };
  return {
    ...common,
    attach: { by: atReturn ? 'sys_exit' : 'sys_enter', syscall: number },
    argumentCount: 2,
  };
}

function kernelFunctionTarget({ name, at }: NamedCall, atReturn: boolean, facts: KernelFacts): PlannedTarget {
  const found = facts.findFunction(name);
  if (found === undefined) throw unknownFunction(name, at, facts);
  const common = {
    shown: { kind: 'kprobe', functionName: name },
    signature: functionSignature(`function "${name}"`, found),
    syscallRegisters: false,
    argumentCount: Math.min(found.parameters.length, 6),
    atReturn,
  } as const;
  if (facts.attach.trampoline)
    return { ...common, attach: { by: atReturn ? 'fexit' : 'fentry', functionName: name } };
  if (facts.attach.kprobe && !atReturn) return { ...common, attach: { by: 'kprobe', functionName: name } };
  throw new PlanError(
    at,
    `Cannot hook "${name}": this kernel lets no program onto its functions`,
    'Use a tracepoint or a system call, or a kernel with kprobes or BPF trampolines.',
  );
}

function unknownFunction(name: string, at: SourcePosition, facts: KernelFacts): PlanError {
  const isSyscall = bareSyscall(name) !== name && facts.syscallNumber(bareSyscall(name)) !== undefined;
  return new PlanError(
    at,
    `Cannot hook "${name}": the kernel has no function of that name`,
    isSyscall
      ? 'It is a system call: add "syscall: true".'
      : (didYouMean(name, functionsLike(name, facts), NAMES_SHOWN) ??
          'If other kernels have it, add "ignore: {callNotFound: true}".'),
  );
}

/** Functions that begin as this name does are looked at; who missed the beginning gets those that end as it does. */
function functionsLike(name: string, facts: KernelFacts): readonly string[] {
  const same = facts.functionNames(name.slice(0, 4));
  if (nearestName(name, same) !== undefined) return same;
  const end = name.slice(-6);
  return facts.functionNames('').filter((other) => other.endsWith(end));
}

function functionSignature(title: string, { parameters, returns }: KernelFunction): Signature {
  return { kind: 'function', title, parameters, returns };
}

function tracepointTarget(hook: TracepointHook, facts: KernelFacts): PlannedTarget {
  const { subsystem, event } = hook;
  const fields = facts.tracepointFields(subsystem, event);
  if (fields === undefined)
    throw new PlanError(
      hook.at,
      `Cannot attach to tracepoint "${subsystem}/${event}": the kernel has none of that name`,
      likeEvent(subsystem, event, facts),
    );
  return {
    attach: { by: 'tracepoint', subsystem, event },
    shown: { kind: 'tracepoint', subsystem, event },
    signature: { kind: 'record', fields },
    syscallRegisters: false,
    argumentCount: 0,
    atReturn: false,
  };
}

function likeEvent(subsystem: string, event: string, facts: KernelFacts): string {
  const prefix = subsystem === 'syscalls' ? /^sys_(?:enter|exit)_/.exec(event)?.[0] : undefined;
  const names =
    prefix === undefined
      ? facts.eventNames()
      : Object.keys(X86_64_SYSCALLS).map((name) => `${prefix}${name}`);
  return didYouMean(event, names, NAMES_SHOWN) ?? 'See /sys/kernel/tracing/available_events.';
}

function rawTracepointTarget(hook: TracepointHook, facts: KernelFacts): PlannedTarget {
  const { subsystem, event } = hook;
  const parameters = facts.rawTracepoint(event);
  if (parameters === undefined)
    throw new PlanError(
      hook.at,
      `Cannot attach to raw tracepoint "${event}": the kernel has none of that name`,
      likeEvent(subsystem, event, facts),
    );
  return {
    attach: { by: 'raw_tracepoint', event },
    shown: { kind: 'tracepoint', subsystem, event },
    signature: { kind: 'function', title: `raw tracepoint "${event}"`, parameters, returns: undefined },
    syscallRegisters: false,
    argumentCount: Math.min(parameters.length, 6),
    atReturn: false,
  };
}

function lsmTarget({ hook, at }: LsmHook, facts: KernelFacts): PlannedTarget {
  const found = facts.findFunction(`bpf_lsm_${hook}`);
  if (found === undefined) {
    const hooks = facts.functionNames('bpf_lsm_').map((name) => name.slice('bpf_lsm_'.length));
    throw new PlanError(
      at,
      `Cannot attach to LSM hook "${hook}": the kernel has none of that name`,
      didYouMean(hook, hooks, NAMES_SHOWN),
    );
  }
  if (!facts.attach.lsm)
    throw new PlanError(
      at,
      `Cannot attach to LSM hook "${hook}": this kernel does not run BPF LSM programs`,
      'Add bpf to the list lsm= of the kernel command line ("merlon doctor" shows it).',
    );
  return {
    attach: { by: 'lsm', functionName: hook },
    shown: { kind: 'lsm', functionName: hook },
    signature: functionSignature(`LSM hook "${hook}"`, found),
    syscallRegisters: false,
    argumentCount: Math.min(found.parameters.length, 6),
    atReturn: false,
  };
}
