// SPDX-License-Identifier: Apache-2.0
import type { Rung } from '../events/hook.ts';
import type { Action, Hook, Policy, Selector } from '../policy/model.ts';
import type { KernelFacts, KernelFunction } from './kernel-facts.ts';
import { targetKey } from './attach-target.ts';
import { ENFORCING } from './plan-actions.ts';
import type { PlannedTarget } from './plan-target.ts';
import { planTargets } from './plan-target.ts';
import { type OnPlanError, PlanError, raise } from './plan-problem.ts';
import { overrideWrites, setWrite, type UserWrite } from './user-writes.ts';

/** What a rule does to the operation and its process. */
export interface Enforcement {
  /** what the function returns in place of running, a negative errno; 0: it runs */
  readonly error: number;
  /** sent to the process; 0: none */
  readonly signal: number;
  readonly rung: Rung;
  /** into the program that passes */
  readonly writes: readonly UserWrite[];
  /** the hooked function of that program does not run */
  readonly leaves: boolean;
  /** what the policy's enforcers are to do, and their system calls where this hook may be at the beginning of one */
  readonly notification?: {
    readonly error: number;
    readonly signal: number;
    readonly calls: readonly number[];
  };
  /** it takes back what is noted for them */
  readonly forgets?: boolean;
  /** it is an enforcer: it does what is noted */
  readonly acts?: boolean;
}

export const NOT_ENFORCED: Enforcement = { error: 0, signal: 0, rung: 'none', writes: [], leaves: false };

/** A target of a hook, with the rules that it serves: the others of the hook have a target of their own. */
export interface ServedTarget {
  readonly target: PlannedTarget;
  /** as this target sees it: without what is known only when the function returns */
  readonly hook: Hook;
  readonly serves: 'all' | 'enforcing' | 'observing';
}

/** MAX_ERRNO of include/linux/err.h */
const ERRNO_MAX = 4095;
const SIGKILL = 9;
/** Functions of that beginning are where the kernel asks its security modules. */
export const SECURITY = 'security_';
const REMEDY =
  'Hook the function security_* or the LSM hook that decides about the operation, or kill the process with Sigkill; ' +
  'with the annotation merlon.dev/accept-weaker: "true" the policy is loaded without the denial.';

/**
 * Where a hook is attached so that its rules can do what they say, by the strongest rung of this kernel: a rule that denies
 * or signals acts when the function is entered, also where others want its return value. Throws a PlanError for what this
 * kernel cannot do, unless the policy accepts that.
 */
export function planServedTargets(
  hook: Hook,
  policy: Pick<Policy, 'extensions'>,
  facts: KernelFacts,
  onError: OnPlanError = raise,
): ServedTarget[] {
  const enforcing = hook.selectors.flatMap(enforcingActions);
  const deny = (target: PlannedTarget): PlannedTarget => {
    const denying = withoutSkips(denyingTarget(target, enforcing, facts), facts);
    const undenied = overridesOf(enforcing).find(({ error = 0 }) => !canDeny(denying, error));
    if (undenied !== undefined && !acceptsWeaker(policy)) throw undeniable(target, undenied);
    return denying;
  };
  if (enforcing.length === 0 || hook.kind === 'tracepoint')
    return planTargets(hook, factsAtReturn(hook, facts), onError).map((target) => ({
      ...{ target, hook, serves: 'all' },
    }));
  if (hook.kind === 'uprobe' || hook.kind === 'usdt') {
    if (!acceptsWeaker(policy)) for (const action of enforcing) checkWrite(action, hook, facts);
    return planTargets(hook, facts, onError).map((target) => ({ target, hook, serves: 'all' }));
  }
  if (hook.kind === 'lsm')
    return planTargets(hook, facts, onError).map((target) => ({ target: deny(target), hook, serves: 'all' }));
  refuseFilled(hook);
  const entry = entryOf(hook);
  // What denies a call is a program of its own. Where it denies none, and the policy accepts that, a long list shares one.
  const isDenial = enforcing.some(({ kind }) => kind === 'Override');
  const alone = planTargets(entry, facts, onError, !isDenial).map(deny);
  const areDenied = alone.some(({ attach }) => isDenying(attach.by));
  const atEntry = isDenial && !areDenied ? planTargets(entry, facts, onError).map(deny) : alone;
  if (!hasReturn(hook)) return atEntry.map((target) => ({ target, hook, serves: 'all' }));
  return [
    ...atEntry.map((target): ServedTarget => ({ target, hook: entry, serves: 'enforcing' })),
    ...planTargets(hook, factsAtReturn(hook, facts), onError).map((target): ServedTarget => ({
      target,
      hook,
      serves: 'observing',
    })),
  ];
}

/** A function that its return values make signals of is served where no return is skipped. */
function factsAtReturn({ selectors }: Hook, facts: KernelFacts): KernelFacts {
  const { attach } = facts;
  if (attach.skipsHits === undefined || !attach.kprobe) return facts;
  if (!selectors.some((selector) => signalsAtReturn(selector).length > 0)) return facts;
  return { ...facts, attach: { ...attach, trampoline: false } };
}

/** Whether the policy is to be loaded with what is left of its actions where this kernel has no way to do all of them. */
function acceptsWeaker({ extensions }: Pick<Policy, 'extensions'>): boolean {
  return extensions.get('accept-weaker') === 'true';
}

/** What this kernel lacks for an action that writes into a program of user space. */
function checkWrite(action: Action, hook: Hook, facts: KernelFacts): void {
  const obstacle = writeObstacle(action, hook, facts);
  if (obstacle !== undefined)
    throw new PlanError(
      action.at,
      `Cannot serve action "${action.kind}": ${obstacle}`,
      'With the annotation merlon.dev/accept-weaker: "true" the policy is loaded without it.',
    );
}

function writeObstacle(action: Action, hook: Hook, facts: KernelFacts): string | undefined {
  if (action.kind === 'Override' && hook.kind === 'uprobe' && hook.returnArg !== undefined)
    return 'the hook is where the function returns, and it has run by then';
  if (action.kind === 'Override' && hook.kind === 'uprobe' && !facts.canAct('uprobe registers'))
    return 'this kernel lets no uprobe change registers; Linux 6.18 does';
  if (action.kind === 'Set' && !facts.canAct('bpf_probe_write_user'))
    return 'this kernel lets no program write memory of a process (bpf_probe_write_user; lockdown takes it away)';
  return undefined;
}

/**
 * What a selector's actions do to the operation; undefined when they only observe. `noteCalls` are the enforcers' system calls where
 * the hook may be at the beginning of one. Throws a PlanError for what cannot be.
 */
export function enforcementOf(
  selector: Selector | undefined,
  target: PlannedTarget,
  hook: Hook,
  facts: KernelFacts,
  noteCalls: readonly number[] = [],
): Enforcement | undefined {
  const actions = [
    ...(selector === undefined ? [] : enforcingActions(selector)),
    ...(target.atReturn ? signalsAtReturn(selector) : []),
  ];
  if (actions.length === 0) return undefined;
  const { attach, signature } = target;
  let error = 0;
  let signal = 0;
  let leaves = false;
  const writes: UserWrite[] = [];
  for (const action of actions) {
    if (action.kind === 'Sigkill') signal = SIGKILL;
    else if (action.kind === 'Signal' && signal !== SIGKILL) signal = action.signal;
    else if (writeObstacle(action, hook, facts) !== undefined) continue;
    else if (action.kind === 'Override' && attach.by === 'uprobe') {
      const override = overrideWrites(action, attach, facts);
      writes.push(...override.writes);
      leaves ||= override.leaves;
      error = action.error ?? 0;
    } else if (action.kind === 'Override' && canDeny(target, action.error ?? 0)) error ||= action.error ?? 0;
    else if (action.kind === 'Set' && signature.kind === 'usdt') {
      const argument = hook.args[action.argument];
      if (argument !== undefined) writes.push(setWrite(action, argument, signature.args, facts));
    }
  }
  const notified = actions.find((action) => action.kind === 'NotifyEnforcer');
  const forgets = actions.some(({ kind }) => kind === 'CleanupEnforcerNotification');
  const common = {
    ...{ signal, writes, leaves },
    ...(notified === undefined
      ? {}
      : { notification: { error: notified.error, signal: notified.signal, calls: noteCalls } }),
    ...(forgets ? { forgets } : {}),
  };
  if (error !== 0 && isDenying(attach.by)) return { ...common, error, rung: attach.by };
  const [write] = writes;
  if (write !== undefined)
    return { ...common, error, rung: write.target === 'register' ? 'registers' : 'memory' };
  if (signal !== 0) return { ...common, error: 0, rung: 'signal' };
  return { ...common, error: 0, rung: notified === undefined && !forgets ? 'none' : 'enforcer' };
}

/** What an enforcer does, which is known when it is notified. */
export function enforcerEnforcement(target: PlannedTarget): Enforcement {
  const { by } = target.attach;
  const rung = canDeny(target, -1) && isDenying(by) ? by : 'signal';
  return { error: 0, signal: 0, rung, writes: [], leaves: false, acts: true };
}

/** Ways to attach of which the program's decision holds for the operation. */
function isDenying(by: PlannedTarget['attach']['by']): by is 'lsm' | 'fmod_ret' | 'override' {
  return by === 'lsm' || by === 'fmod_ret' || by === 'override';
}

/** Whether a program there can have the function return this in place of running: of a security hook, an error only. */
function canDeny(target: PlannedTarget, error: number): boolean {
  const { by } = target.attach;
  if (error === 0 || returnsNothing(target)) return false;
  return by === 'override' || (isDenying(by) && isErrno(error));
}

function isErrno(error: number): boolean {
  return error < 0 && error >= -ERRNO_MAX;
}

/** Whether a policy denies or signals anything. */
export function policyEnforces({ hooks }: Policy): boolean {
  return hooks.some(({ selectors }) =>
    selectors.some((selector) => isEnforcing(selector) || signalsAtReturn(selector).length > 0),
  );
}

export function isEnforcing(selector: Selector | undefined): boolean {
  return selector !== undefined && enforcingActions(selector).length > 0;
}

function enforcingActions({ actions }: Selector): Action[] {
  return actions.filter(({ kind }) => ENFORCING.has(kind));
}

function overridesOf(actions: readonly Action[]): Override[] {
  return actions.filter((action) => action.kind === 'Override');
}

/** What a selector's matchReturnActions send to the process, when the operation has run. */
export function signalsAtReturn(selector: Selector | undefined): Action[] {
  return (selector?.returnActions ?? []).filter(({ kind }) => kind === 'Sigkill' || kind === 'Signal');
}

type Override = Extract<Action, { kind: 'Override' }>;
type FunctionHook = Extract<Hook, { kind: 'kprobe' | 'fentry' }>;

function hasReturn({ returnArg, args }: FunctionHook): boolean {
  return returnArg !== undefined || args.some(({ returnCopy }) => returnCopy);
}

/** What the function itself fills is not known where its rules act. */
function refuseFilled({ args, selectors }: FunctionHook): void {
  for (const selector of selectors.filter(isEnforcing))
    for (const condition of selector.args) {
      if (args[condition.entry]?.returnCopy !== true) continue;
      throw new PlanError(
        condition.at,
        'Cannot act on an argument with returnCopy: the function has not filled it when it is entered',
        'Move the actions to matchReturnActions: when it returns the argument is known.',
      );
    }
}

/** The hook as its function is entered: what it returns or fills is not known there. */
function entryOf(hook: FunctionHook): FunctionHook {
  return {
    ...hook,
    returnArg: undefined,
    args: hook.args.map((argument) => ({ ...argument, returnCopy: false })),
    selectors: hook.selectors.map((selector) => ({ ...selector, returnArgs: [], returnActions: [] })),
  };
}

/**
 * The same target by a program whose return value decides, where there is one. A security_* function is served by the LSM hook
 * that it calls: no hit of it is ever skipped. What only notifies enforcers stays in front of that, where they act.
 */
function denyingTarget(
  target: PlannedTarget,
  enforcing: readonly Action[],
  facts: KernelFacts,
): PlannedTarget {
  if (target.attach.by === 'lsm' || !('functionName' in target.shown)) return target;
  if (enforcing.every(({ kind }) => kind === 'NotifyEnforcer' || kind === 'CleanupEnforcerNotification'))
    return target;
  const { functionName } = target.shown;
  const overrides = overridesOf(enforcing);
  // These programs can only refuse, and what returns nothing cannot.
  const canRefuse =
    overrides.length === 0 || (overrides.some(({ error = 0 }) => isErrno(error)) && !returnsNothing(target));
  const hook = functionName.startsWith(SECURITY) ? functionName.slice(SECURITY.length) : undefined;
  if (hook !== undefined && !target.syscallRegisters && canRefuse) {
    if (facts.attach.lsm && isSame(facts, functionName, `bpf_lsm_${hook}`))
      return { ...target, attach: { by: 'lsm', functionName: hook } };
    const modifying = { by: 'fmod_ret', functionName } as const;
    if (overrides.length > 0 && facts.attach.trampoline && !facts.refusals.has(targetKey(modifying)))
      return { ...target, attach: modifying };
  }
  return overrides.length === 0 ? target : overridingTarget(target, functionName, facts);
}

/** By bpf_override_return, which kernels have that are built for the injection of errors; the functions are told by trying. */
function overridingTarget(target: PlannedTarget, functionName: string, facts: KernelFacts): PlannedTarget {
  const attach = { by: 'override', functionName } as const;
  if (
    target.names !== undefined ||
    facts.findFunction(functionName) === undefined ||
    facts.refusals.has(targetKey(attach)) ||
    !facts.attach.kprobe ||
    !facts.canAct('bpf_override_return')
  )
    return target;
  return { ...target, attach, argumentCount: target.syscallRegisters ? 1 : target.argumentCount };
}

/** The same target by a kprobe where a trampoline's program can miss hits: what acts must see all of them. */
function withoutSkips(target: PlannedTarget, { attach, refusals }: KernelFacts): PlannedTarget {
  if (target.attach.by !== 'fentry' || attach.skipsHits === undefined || !attach.kprobe) return target;
  const kprobe = { by: 'kprobe', functionName: target.attach.functionName } as const;
  return refusals.has(targetKey(kprobe)) ? target : { ...target, attach: kprobe };
}

function returnsNothing({ signature }: PlannedTarget): boolean {
  return signature.kind === 'function' && signature.returns?.kind === 'void';
}

function undeniable(target: PlannedTarget, { at, error = 0 }: Override): PlanError {
  const { shown } = target;
  const name = 'functionName' in shown ? shown.functionName : 'this hook';
  const reason = returnsNothing(target)
    ? 'it returns nothing'
    : error === 0 || (!isErrno(error) && (name.startsWith(SECURITY) || target.attach.by === 'lsm'))
      ? `${error} is no error, expected -1 to -${ERRNO_MAX}`
      : 'this kernel has no way to return in its place';
  return new PlanError(at, `Cannot deny by "${name}": ${reason}`, REMEDY);
}

/** Whether both have the same parameters, so that one can stand for the other. */
function isSame(facts: KernelFacts, name: string, other: string): boolean {
  const shape = (found: KernelFunction | undefined): string | undefined =>
    found?.parameters.map(({ kind, typeName, size }) => `${kind} ${typeName} ${size}`).join();
  const found = shape(facts.findFunction(other));
  return found !== undefined && found === shape(facts.findFunction(name));
}
