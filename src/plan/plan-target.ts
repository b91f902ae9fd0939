// SPDX-License-Identifier: Apache-2.0
import { nearestName } from '../base/nearest-name.ts';
import type { SourcePosition } from '../base/source-position.ts';
import type { HookTarget } from '../events/hook.ts';
import type { Hook, KprobeHook, List, LsmHook, TracepointHook } from '../policy/model.ts';
import type { AttachTarget, FunctionTarget } from './attach-target.ts';
import { targetKey } from './attach-target.ts';
import type { KernelFacts, KernelFunction } from './kernel-facts.ts';
import { PlanError } from './plan-problem.ts';
import { bareSyscall, syscallNumber } from './syscall-name.ts';
import { uprobeTargets, usdtTargets } from './plan-user-target.ts';
import type { Signature } from './plan-value.ts';

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
 * The cheapest way to attach that this kernel has. A list gives one target per call. Throws a PlanError when there is no
 * such function, or no way.
 */
export function planTargets(hook: Hook, facts: KernelFacts): PlannedTarget[] {
  switch (hook.kind) {
    case 'kprobe':
    case 'fentry':
      return callsOf(hook).flatMap((call) => functionTarget(hook, call, facts));
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
  const attach =
    facts.findFunction(functionName) === undefined
      ? undefined
      : functionAttach(functionName, atReturn, facts);
  // A kretprobe misses returns when many threads wait in the call; sys_exit does not.
  if (attach !== undefined && attach.by !== 'kretprobe') return { ...common, attach, argumentCount: 1 };
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
    signature: functionSignature(found, facts),
    syscallRegisters: false,
    argumentCount: Math.min(found.parameters.length, 6),
    atReturn,
  } as const;
  const attach = functionAttach(name, atReturn, facts);
  if (attach === undefined) throw noWay(name, at, facts);
  return { ...common, attach };
}

const WAYS = { trampoline: ['fentry', 'fexit'], kprobe: ['kprobe', 'kretprobe'] } as const;

/** The cheapest way onto a function that this kernel has and has not refused; undefined without. */
function functionAttach(
  functionName: string,
  atReturn: boolean,
  { attach, refusals }: KernelFacts,
): FunctionTarget | undefined {
  return (['trampoline', 'kprobe'] as const)
    .filter((way) => attach[way])
    .map((way) => ({ by: WAYS[way][atReturn ? 1 : 0], functionName }))
    .find((target) => !refusals.has(targetKey(target)));
}

/** Why a function has no cheaper program; undefined when it has the cheapest, and for what is no function. */
export function whyKprobe(target: AttachTarget, { attach, refusals }: KernelFacts): string | undefined {
  if (target.by !== 'kprobe' && target.by !== 'kretprobe') return undefined;
  if (!attach.trampoline) return 'the kernel has no trampolines for programs';
  const by = target.by === 'kprobe' ? 'fentry' : 'fexit';
  return `the kernel refuses a trampoline (${refusals.get(targetKey({ ...target, by })) ?? ''})`;
}

function noWay(name: string, at: SourcePosition, { refusals }: KernelFacts): PlanError {
  const refused = Object.values(WAYS)
    .flat()
    .flatMap((by) => {
      const why = refusals.get(targetKey({ by, functionName: name }));
      return why === undefined ? [] : [`${by}: ${why}`];
    });
  return refused.length === 0
    ? new PlanError(
        at,
        `Cannot hook "${name}": this kernel lets no program onto its functions`,
        'Use a tracepoint or a system call, or a kernel with kprobes or BPF trampolines.',
      )
    : new PlanError(
        at,
        `Cannot hook "${name}": the kernel does not let programs onto this function (${refused.join(', ')})`,
        'Use one that /sys/kernel/tracing/available_filter_functions lists.',
      );
}

function unknownFunction(name: string, at: SourcePosition, facts: KernelFacts): PlanError {
  const near = nearestName(name, facts.functionNames(name.slice(0, 4)));
  return new PlanError(
    at,
    `Cannot hook "${name}": the kernel has no function of that name`,
    near === undefined ? undefined : `Did you mean "${near}"?`,
  );
}

function functionSignature({ module, parameters, returns }: KernelFunction, facts: KernelFacts): Signature {
  const types = module === undefined ? undefined : facts.moduleTypes(module);
  return { kind: 'function', parameters, returns, types };
}

function tracepointTarget(hook: TracepointHook, facts: KernelFacts): PlannedTarget {
  const { subsystem, event } = hook;
  const fields = facts.tracepointFields(subsystem, event);
  if (fields === undefined)
    throw new PlanError(
      hook.at,
      `Cannot attach to tracepoint "${subsystem}/${event}": the kernel has none of that name`,
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

function rawTracepointTarget(hook: TracepointHook, facts: KernelFacts): PlannedTarget {
  const { subsystem, event } = hook;
  const parameters = facts.rawTracepoint(event);
  if (parameters === undefined)
    throw new PlanError(
      hook.at,
      `Cannot attach to raw tracepoint "${event}": the kernel has none of that name`,
    );
  return {
    attach: { by: 'raw_tracepoint', event },
    shown: { kind: 'tracepoint', subsystem, event },
    signature: { kind: 'function', parameters, returns: undefined },
    syscallRegisters: false,
    argumentCount: Math.min(parameters.length, 6),
    atReturn: false,
  };
}

function lsmTarget({ hook, at }: LsmHook, facts: KernelFacts): PlannedTarget {
  const found = facts.findFunction(`bpf_lsm_${hook}`);
  if (found === undefined) {
    const hooks = facts.functionNames('bpf_lsm_').map((name) => name.slice('bpf_lsm_'.length));
    const near = nearestName(hook, hooks);
    throw new PlanError(
      at,
      `Cannot attach to LSM hook "${hook}": the kernel has none of that name`,
      near === undefined ? undefined : `Did you mean "${near}"?`,
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
    signature: functionSignature(found, facts),
    syscallRegisters: false,
    argumentCount: Math.min(found.parameters.length, 6),
    atReturn: false,
  };
}
