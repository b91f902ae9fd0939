// SPDX-License-Identifier: Apache-2.0
/** Where hooks on functions and system calls of the kernel are attached. */
import { didYouMean, nearestName } from '../base/nearest-name.ts';
import type { SourcePosition } from '../base/source-position.ts';
import type { KprobeHook, List } from '../policy/model.ts';
import type { AttachTarget, FunctionTarget } from './attach-target.ts';
import { targetKey } from './attach-target.ts';
import { expandList } from './expand-list.ts';
import type { KernelFacts, KernelFunction } from './kernel-facts.ts';
import { attempt, type OnPlanError, PlanError } from './plan-problem.ts';
import type { PlannedTarget } from './plan-target.ts';
import type { Signature } from './plan-value.ts';
import { findSyscall, isSyscallFunction, type Syscall } from './syscall-name.ts';

/** A list of more calls shares one program where the kernel has a way; a few have one each, which costs other calls nothing. */
const SINGLE_MAX = 8;

/** Kernels have many names that differ in a word. */
export const NAMES_SHOWN = 3;

/** Programs of a list that cannot be shared, each with what is attached for it. */
const UNSHARED_MAX = 512;

interface NamedCall {
  readonly name: string;
  readonly at: SourcePosition;
}

/**
 * One target per call, or one for a long list, unless `mayShare` is false. `onError` hears of each call that the kernel has no
 * function for, or no way to attach to.
 */
export function functionTargets(
  hook: KprobeHook,
  facts: KernelFacts,
  onError: OnPlanError,
  mayShare: boolean,
): PlannedTarget[] {
  const { call } = hook;
  const list = call.kind === 'list' ? call.list : undefined;
  const names = call.kind === 'list' ? expandList(call.list, facts) : [call.name];
  const calls = names.map((name) => ({ name, at: call.at }));
  const areSyscalls = hook.syscall || (list !== undefined && isSyscallList(list));
  const canShare = areSyscalls || (facts.attach.kprobeMulti && !isAtReturn(hook) && hook.args.length === 0);
  const isShared = mayShare && canShare && calls.length > SINGLE_MAX;
  if (!isShared && calls.length > UNSHARED_MAX)
    throw new PlanError(
      call.at,
      `Cannot hook the ${calls.length} functions of list "${list?.name ?? ''}": at most ${UNSHARED_MAX} can have a program each`,
      mayShare
        ? 'Choose fewer, or ask for no arguments and no return value on a kernel with kprobe.multi, where all can share one.'
        : 'Choose fewer: what Override denies cannot share one.',
    );
  const each = <Found>(find: (call: NamedCall) => Found): Found[] =>
    calls.flatMap((one) => {
      const found = attempt(() => findOrIgnore(hook, () => find(one)), onError);
      return found === undefined ? [] : [found];
    });
  if (areSyscalls) {
    const syscalls = each(({ name, at }) => findSyscall(name, at, facts));
    return isShared && syscalls.length > 0
      ? [sharedSyscalls(syscalls, isAtReturn(hook))]
      : syscalls.map((syscall) => syscallTarget(syscall, isAtReturn(hook), facts));
  }
  if (isShared) {
    const functions = each((one) => knownName(one, list, facts));
    return functions.length === 0 ? [] : [sharedFunctions(functions)];
  }
  return each((one) => functionTarget(one, isAtReturn(hook), list, facts));
}

/** undefined for a call that is not there and may be missing. */
function findOrIgnore<Found>({ ignoreCallNotFound }: KprobeHook, find: () => Found): Found | undefined {
  try {
    return find();
  } catch (error) {
    if (ignoreCallNotFound && error instanceof PlanError) return undefined;
    throw error;
  }
}

function isSyscallList({ type }: List): boolean {
  return type === 'syscalls' || type === 'generated_syscalls';
}

/** returnCopy: the function has filled the buffer when it returns. */
function isAtReturn(hook: KprobeHook): boolean {
  return hook.returnArg !== undefined || hook.args.some(({ returnCopy }) => returnCopy);
}

const SYSCALL = { signature: { kind: 'syscall' }, syscallRegisters: true } as const;
const RAW_TRACEPOINT_ARGUMENTS = 2;

/** Calls of 32-bit programs have functions of many names, so they are told by their number where all calls come by. */
function syscallTarget(
  { functionName, place, isCompat }: Syscall,
  atReturn: boolean,
  facts: KernelFacts,
): PlannedTarget {
  const common = { ...SYSCALL, shown: { kind: 'kprobe', functionName }, atReturn } as const;
  const attach =
    isCompat || facts.findFunction(functionName) === undefined
      ? undefined
      : functionAttach(functionName, atReturn, facts);
  // A kretprobe misses returns when many threads wait in the call; sys_exit does not.
  if (attach !== undefined && attach.by !== 'kretprobe') return { ...common, attach, argumentCount: 1 };
  return {
    ...common,
    attach: { by: atReturn ? 'sys_exit' : 'sys_enter', syscall: place },
    argumentCount: RAW_TRACEPOINT_ARGUMENTS,
  };
}

function sharedSyscalls(syscalls: readonly Syscall[], atReturn: boolean): PlannedTarget {
  const names = new Map(syscalls.map(({ place, functionName }) => [place, functionName]));
  const places = [...names.keys()].toSorted((a, b) => a - b);
  return {
    ...SYSCALL,
    shown: { kind: 'kprobe', functionName: `${places.length} system calls` },
    atReturn,
    attach: { by: atReturn ? 'syscalls_exit' : 'syscalls_enter', places },
    argumentCount: RAW_TRACEPOINT_ARGUMENTS,
    names,
  };
}

function sharedFunctions(functions: readonly string[]): PlannedTarget {
  return {
    shown: { kind: 'kprobe', functionName: `${functions.length} functions` },
    signature: { kind: 'function', title: 'a list of functions', parameters: [], returns: undefined },
    syscallRegisters: false,
    argumentCount: 0,
    atReturn: false,
    attach: { by: 'kprobe_multi', functions },
    names: new Map(functions.map((name, place) => [place, name])),
  };
}

/** Those of generated_ftrace are there, also where the kernel's types have left them out. */
function knownName({ name, at }: NamedCall, list: List | undefined, facts: KernelFacts): string {
  if (list?.type !== 'generated_ftrace' && facts.findFunction(name) === undefined)
    throw unknownFunction(name, at, facts);
  return name;
}

function functionTarget(
  call: NamedCall,
  atReturn: boolean,
  list: List | undefined,
  facts: KernelFacts,
): PlannedTarget {
  const { name, at } = call;
  const known = facts.findFunction(name);
  const isTraced = list?.type === 'generated_ftrace';
  if (known === undefined && !isTraced) throw unknownFunction(name, at, facts);
  const common = {
    shown: { kind: 'kprobe', functionName: name },
    signature: functionSignature(`function "${name}"`, known, facts),
    syscallRegisters: false,
    argumentCount: Math.min(known?.parameters.length ?? 0, 6),
    atReturn,
  } as const;
  const attach = functionAttach(name, atReturn, known === undefined ? withoutTrampoline(facts) : facts);
  if (attach !== undefined) return { ...common, attach };
  if (known !== undefined) throw noWay(name, at, facts);
  throw new PlanError(
    at,
    `Cannot hook "${name}": the kernel's types do not describe it`,
    'Choose a pattern that leaves it out.',
  );
}

const WAYS = { trampoline: ['fentry', 'fexit'], kprobe: ['kprobe', 'kretprobe'] } as const;

/** The cheapest way onto a function that this kernel has and has not refused; undefined without. */
function functionAttach(
  functionName: string,
  atReturn: boolean,
  { attach, refusals }: Pick<KernelFacts, 'attach' | 'refusals'>,
): FunctionTarget | undefined {
  return (['trampoline', 'kprobe'] as const)
    .filter((way) => attach[way])
    .map((way) => ({ by: WAYS[way][atReturn ? 1 : 0], functionName }))
    .find((target) => !refusals.has(targetKey(target)));
}

/** A trampoline needs the types of what it carries. */
function withoutTrampoline({ attach, refusals }: KernelFacts): Pick<KernelFacts, 'attach' | 'refusals'> {
  return { attach: { ...attach, trampoline: false }, refusals };
}

/** What is to be known of how a hook is attached: why it has no better way, or what this way does not guarantee. */
export function remarkOn(
  target: AttachTarget,
  facts: Pick<KernelFacts, 'attach' | 'refusals'>,
): string | undefined {
  if (target.by !== 'fmod_ret') return whyKprobe(target, facts);
  const { lsm, skipsHits } = facts.attach;
  const reason = lsm ? 'the LSM hook has other arguments' : 'the kernel does not run BPF LSM programs';
  return skipsHits === undefined ? reason : `${reason}; best effort: ${skipsHits}`;
}

/** Why a function has no cheaper program; undefined when it has the cheapest, and for what is no function. */
export function whyKprobe(
  target: AttachTarget,
  { attach, refusals }: Pick<KernelFacts, 'attach' | 'refusals'>,
): string | undefined {
  if (target.by !== 'kprobe' && target.by !== 'kretprobe') return undefined;
  if (!attach.trampoline) return 'the kernel has no trampolines for programs';
  const by = target.by === 'kprobe' ? 'fentry' : 'fexit';
  const refusal = refusals.get(targetKey({ ...target, by }));
  if (refusal === undefined && attach.skipsHits !== undefined)
    return `a rule acts here that must see every hit: ${attach.skipsHits}`;
  return `the kernel refuses a trampoline (${refusal ?? ''})`;
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
  return new PlanError(
    at,
    `Cannot hook "${name}": the kernel has no function of that name`,
    isSyscallFunction(name, facts)
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

/** `title` is how messages call it; nothing is known of the arguments of a function that the types leave out. */
export function functionSignature(
  title: string,
  known: KernelFunction | undefined,
  facts: KernelFacts,
): Signature {
  const types = known?.module === undefined ? undefined : facts.moduleTypes(known.module);
  return { kind: 'function', title, parameters: known?.parameters ?? [], returns: known?.returns, types };
}
