// SPDX-License-Identifier: Apache-2.0
import type { SourcePosition } from '../base/source-position.ts';
import type { Rung } from '../events/hook.ts';
import type { Action, Hook, Policy, Selector } from '../policy/model.ts';
import type { KernelFacts, KernelFunction } from './kernel-facts.ts';
import type { PlannedTarget } from './plan-target.ts';
import { planTargets } from './plan-target.ts';
import { type OnPlanError, PlanError, raise } from './plan-problem.ts';

/** What a rule does to the operation and its process. */
export interface Enforcement {
  /** what the function returns in place of running, a negative errno; 0: it runs */
  readonly error: number;
  /** sent to the process; 0: none */
  readonly signal: number;
  readonly rung: Rung;
}

/** A target of a hook, with the rules that it serves: the others of the hook have a target of their own. */
export interface ServedTarget {
  readonly target: PlannedTarget;
  /** as this target sees it: without what is known only when the function returns */
  readonly hook: Hook;
  readonly serves: 'all' | 'enforcing' | 'observing';
}

const SIGKILL = 9;
const SECURITY = 'security_';
const REMEDY =
  'Hook the function security_* or the LSM hook that decides about the operation, or kill the process with Sigkill.';

/**
 * Where a hook is attached so that its rules can do what they say, by the strongest rung of this kernel: a rule that denies
 * or signals acts when the function is entered, also where others want its return value. Throws a PlanError for what this
 * kernel cannot do.
 */
export function planServedTargets(
  hook: Hook,
  facts: KernelFacts,
  onError: OnPlanError = raise,
): ServedTarget[] {
  const enforcing = hook.selectors.flatMap(enforcingActions);
  const [first] = enforcing;
  if (first === undefined || (hook.kind !== 'kprobe' && hook.kind !== 'fentry'))
    return planTargets(hook, facts, onError).map((target) => ({ target, hook, serves: 'all' }));
  const denial = enforcing.find(({ kind }) => kind === 'Override');
  const entry = entryOf(hook);
  const atEntry = planTargets(entry, facts, onError).map((target) =>
    denyingTarget(target, denial?.at, facts),
  );
  if (!hasReturn(hook)) return atEntry.map((target) => ({ target, hook, serves: 'all' }));
  return [
    ...atEntry.map((target): ServedTarget => ({ target, hook: entry, serves: 'enforcing' })),
    ...planTargets(hook, facts).map((target): ServedTarget => ({ target, hook, serves: 'observing' })),
  ];
}

/** What a selector's actions do to the operation; undefined when they only observe. */
export function enforcementOf(
  selector: Selector | undefined,
  { attach }: PlannedTarget,
): Enforcement | undefined {
  const actions = selector === undefined ? [] : enforcingActions(selector);
  if (actions.length === 0) return undefined;
  let error = 0;
  let signal = 0;
  for (const action of actions) {
    if (action.kind === 'Override' && error === 0) error = action.error ?? 0;
    else if (action.kind === 'Sigkill') signal = SIGKILL;
    else if (action.kind === 'Signal' && signal !== SIGKILL) signal = action.signal;
  }
  const denies = error !== 0 && (attach.by === 'lsm' || attach.by === 'fmod_ret');
  return { error, signal, rung: denies ? attach.by : 'signal' };
}

/** Whether a policy denies or signals anything. */
export function policyEnforces({ hooks }: Policy): boolean {
  return hooks.some(({ selectors }) => selectors.some(isEnforcing));
}

export function isEnforcing(selector: Selector | undefined): boolean {
  return selector !== undefined && enforcingActions(selector).length > 0;
}

function enforcingActions({ actions }: Selector): Action[] {
  return actions.filter(({ kind }) => kind === 'Sigkill' || kind === 'Signal' || kind === 'Override');
}

type FunctionHook = Extract<Hook, { kind: 'kprobe' | 'fentry' }>;

function hasReturn({ returnArg, args }: FunctionHook): boolean {
  return returnArg !== undefined || args.some(({ returnCopy }) => returnCopy);
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
 * The same target by a program whose return value decides. A security_* function is served by the LSM hook that it calls: no
 * hit of it is ever skipped. `denial` is the action that needs to deny; undefined when signals are all.
 */
function denyingTarget(
  target: PlannedTarget,
  denial: SourcePosition | undefined,
  facts: KernelFacts,
): PlannedTarget {
  if (!('functionName' in target.shown) || target.syscallRegisters) {
    if (denial !== undefined) throw undeniable(target, denial);
    return target;
  }
  const { functionName } = target.shown;
  const hook = functionName.startsWith(SECURITY) ? functionName.slice(SECURITY.length) : undefined;
  if (hook !== undefined && facts.attach.lsm && isSame(facts, functionName, `bpf_lsm_${hook}`))
    return { ...target, attach: { by: 'lsm', functionName: hook } };
  if (denial === undefined) return target;
  if (hook === undefined || !facts.attach.trampoline) throw undeniable(target, denial);
  return { ...target, attach: { by: 'fmod_ret', functionName } };
}

function undeniable({ shown }: PlannedTarget, at: SourcePosition): PlanError {
  const name = 'functionName' in shown ? shown.functionName : 'this hook';
  return new PlanError(at, `Cannot deny by "${name}": this kernel has no way to return in its place`, REMEDY);
}

/** Whether both have the same parameters, so that one can stand for the other. */
function isSame(facts: KernelFacts, name: string, other: string): boolean {
  const shape = (found: KernelFunction | undefined): string | undefined =>
    found?.parameters.map(({ kind, typeName, size }) => `${kind} ${typeName} ${size}`).join();
  const found = shape(facts.findFunction(other));
  return found !== undefined && found === shape(facts.findFunction(name));
}
