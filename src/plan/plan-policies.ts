// SPDX-License-Identifier: Apache-2.0
import type { SourcePosition } from '../base/source-position.ts';
import { DimensionInput } from '../events/gen/layouts.ts';
import type { HookPolicy, HookRule } from '../events/hook.ts';
import type { Action, Argument, Hook, Policy, Selector } from '../policy/model.ts';
import { targetKey } from './attach-target.ts';
import type { KernelFacts } from './kernel-facts.ts';
import type { ActionOptions, PlannedActions } from './plan-actions.ts';
import { planActions, planRequests } from './plan-actions.ts';
import { type LoaderHook, planLoader } from './plan-loader.ts';
import { attempt, NeedsKubernetes, type OnPlanError, raise } from './plan-problem.ts';
import { checkMatchInode, matchesInodes } from './match-inode.ts';
import { planSelector, UNREADABLE } from './plan-selector.ts';
import type { Enforcement, ServedTarget } from './plan-enforcement.ts';
import { callsAtEntry, checkNotifications, enforcerHooks } from './plan-enforcers.ts';
import {
  enforcementOf,
  enforcerEnforcement,
  isEnforcing,
  NOT_ENFORCED,
  planServedTargets,
} from './plan-enforcement.ts';
import type { PlannedTarget } from './plan-target.ts';
import { planValue } from './plan-value.ts';
import { type Condition, isOfBinary, isOfPath } from './condition.ts';
import { FollowedConditions } from './follow.ts';
import { type ValuePlan, valueKey } from './value-plan.ts';

/** One hook entry of one policy on one target, before it shares a program with others. */
export interface PolicyHook {
  readonly policy: Policy;
  /** of the policy's entry */
  readonly at: SourcePosition;
  /** of the policy in the kernel */
  readonly number: number;
  readonly target: PlannedTarget;
  readonly values: readonly ValuePlan[];
  readonly shown: Omit<HookPolicy, 'firstRule'>;
  readonly rules: readonly PlannedRule[];
}

export interface PlannedRule extends PlannedActions {
  /** `entry` of a value input is a position in PolicyHook.values */
  readonly conditions: readonly Condition[];
  readonly onError: OnError;
  readonly enforcement: Enforcement | undefined;
}

/** What a value that could not be read completely means; `paths`: only a path matches. */
export type OnError = 'match' | 'no-match' | 'paths';

/**
 * The hooks of one policy by target. What cannot be served is told to `onError`; where that returns, the result lacks it. By
 * default the first such thing is thrown as a PlanError.
 */
export function planPolicy(
  policy: Policy,
  facts: KernelFacts,
  followed = new FollowedConditions(),
  options: ActionOptions = { requests: 'none' },
  onError: OnPlanError = raise,
): Map<string, PolicyHook[]> {
  attempt(() => refuseWorkload(policy), onError);
  const byTarget = new Map<string, PolicyHook[]>();
  const add = (hook: PolicyHook): void => {
    const key = targetKey(hook.target.attach);
    byTarget.set(key, [...(byTarget.get(key) ?? []), hook]);
  };
  for (const hook of policy.hooks)
    for (const served of attempt(() => planServedTargets(hook, policy, facts, onError), onError) ?? []) {
      const planned = planHook(policy, served, facts, followed, options, onError);
      add(planned);
      const asking = askForHash(planned);
      if (asking !== undefined) add(asking);
    }
  for (const hook of enforcerHooks(policy))
    for (const { target } of attempt(() => planServedTargets(hook, policy, facts, onError), onError) ?? [])
      add(enforcerHook(policy, hook.at, target, options));
  if (policy.loader)
    for (const hook of attempt(() => planLoader(policy.at, facts), onError) ?? [])
      byTarget.set(targetKey(hook.target.attach), [loaderHook(policy, hook)]);
  for (const ofTarget of byTarget.values()) attempt(() => checkNotifications(ofTarget), onError);
  attempt(() => checkMatchInode(policy, byTarget.values()), onError);
  return byTarget;
}

function refuseWorkload({ namespace, workload, nodeSelector, at: policyAt }: Policy): void {
  const { podSelector, containerSelector, host, at } = workload;
  if (namespace !== undefined || podSelector !== undefined || containerSelector !== undefined || host)
    throw new NeedsKubernetes(at, 'Cannot limit a policy to workloads: Kubernetes is not on');
  if (nodeSelector !== undefined)
    throw new NeedsKubernetes(policyAt, 'Cannot limit a policy to nodes: Kubernetes is not on');
}

/** Values that several entries name are read once. */
class ValueList {
  readonly values: ValuePlan[] = [];
  readonly #keys = new Map<string, number>();

  place(value: ValuePlan): number {
    const key = valueKey(value);
    const known = this.#keys.get(key);
    if (known !== undefined) return known;
    this.#keys.set(key, this.values.length);
    return this.values.push(value) - 1;
  }
}

function planHook(
  policy: Policy,
  { target, hook, serves }: ServedTarget,
  facts: KernelFacts,
  followed: FollowedConditions,
  options: ActionOptions,
  onError: OnPlanError,
): PolicyHook {
  const list = new ValueList();
  const { signature } = target;
  const placeOf = (argument: Argument, isReturn = false): number =>
    attempt(() => list.place(planValue(argument, signature, facts, isReturn)), onError) ?? UNREADABLE;
  const isShown = ({ type }: Hook['args'][number]): boolean => type !== 'nop';
  const entriesOf = (entries: Hook['args']): number[] =>
    entries.map((argument) => (isShown(argument) ? placeOf(argument) : -1));
  const args = entriesOf(hook.args);
  const data = entriesOf(hook.data);
  const returnArg = 'returnArg' in hook ? hook.returnArg : undefined;
  const returnValue = returnArg === undefined ? undefined : placeOf(returnArg, true);
  const places = { args, data, returnValue, values: list.values, matchInode: matchesInodes(policy) };
  const selectors: readonly (Selector | undefined)[] =
    hook.selectors.length === 0 ? [undefined] : hook.selectors;
  const showOf = (entries: number[], specified: Hook['args']): HookPolicy['args'] =>
    entries.flatMap((entry, index) => (entry < 0 ? [] : [{ entry, label: specified[index]?.label }]));
  const noteCalls = callsAtEntry(policy, target, facts, onError);
  const enforcements = selectors.map((selector) =>
    // What acts at the function's entry has a target of its own.
    attempt(
      () =>
        enforcementOf(
          serves === 'observing' ? selector && { ...selector, actions: [] } : selector,
          ...([target, hook, facts, noteCalls] as const),
        ),
      onError,
    ),
  );
  const rules = selectors.map((selector, index): Rule => ({
    shown: {
      ...shownRule(selector),
      requests: attempt(() => planRequests(selector, policy, options), onError) ?? [],
      enforcement: enforcements[index],
    },
    planned: {
      conditions: selector === undefined ? [] : planSelector(selector, places, facts, followed, onError),
      ...planActions(selector, hook, places, onError),
      ...(serves === 'all' || isEnforcing(selector) === (serves === 'enforcing') || enforcements[index]
        ? {}
        : SILENT),
      enforcement: enforcements[index],
      onError: onErrorOf(policy, enforcements[index]),
    },
  }));
  const all = [...rules, ...rules.flatMap((rule) => whenUnreadable(rule, list.values))];
  return {
    policy,
    at: hook.at,
    number: options.numberOf?.(policy) ?? 0,
    target,
    values: list.values,
    shown: {
      name: policy.name,
      namespace: policy.namespace,
      message: hook.message,
      tags: hook.tags,
      rules: all.map(({ shown }) => shown),
      args: showOf(args, hook.args),
      data: showOf(data, hook.data),
      returnValue: returnValue === undefined ? undefined : { entry: returnValue, label: returnArg?.label },
    },
    rules: all.map(({ planned }) => planned),
  };
}

interface Rule {
  readonly shown: HookRule;
  readonly planned: PlannedRule;
}

/**
 * A policy says what a value means that could not be read. One that does not say so observes what could match; it acts on it
 * only for paths, which no program keeps from being read.
 */
function onErrorOf({ extensions }: Policy, enforcement: Enforcement | undefined): OnError {
  if (extensions.get('on-unreadable') === 'no-match') return 'no-match';
  return enforcement === undefined || extensions.get('on-unreadable') === 'match' ? 'match' : 'paths';
}

/**
 * Behind the rules of a hook: tells what a rule would have acted upon if it could have been read. Such a rule itself has not
 * matched then.
 */
function whenUnreadable({ shown, planned }: Rule, values: readonly ValuePlan[]): Rule[] {
  if (planned.onError !== 'paths' || !planned.conditions.some((one) => canFail(one, values))) return [];
  const label = shown.label === undefined ? 'unreadable' : `${shown.label} (unreadable)`;
  return [
    {
      shown: { ...shown, label, requests: [], enforcement: NOT_ENFORCED },
      planned: { ...planned, enforcement: undefined, onError: 'match' },
    },
  ];
}

/** Of a rule that another target of its hook serves: it is there because the first rule that matches wins. */
const SILENT = { posts: false, limit: undefined, track: [], untrack: [] } as const;

/** Whether what it looks at can be unreadable, and is no path. */
function canFail(condition: Condition, values: readonly ValuePlan[]): boolean {
  return !isOfPath(condition, values) && !isOfBinary(condition) && !NEVER_FAIL.has(condition.at.input);
}

/** What every process has. */
const NEVER_FAIL: ReadonlySet<Condition['at']['input']> = new Set([
  ...[DimensionInput.INPUT_PID, DimensionInput.INPUT_NAMESPACE_PID, DimensionInput.INPUT_NAMESPACE],
  ...[DimensionInput.INPUT_CAP_EFFECTIVE, DimensionInput.INPUT_CAP_INHERITABLE],
  ...[DimensionInput.INPUT_CAP_PERMITTED, DimensionInput.INPUT_FOLLOWED, DimensionInput.INPUT_FOLLOWED_ABOVE],
]);

/**
 * The same hook once more, for the programs that ask for the hash of the file; undefined when no rule wants it. It stands
 * behind the other one in a policy's plan: what is attached last runs first.
 */
function askForHash(hook: PolicyHook): PolicyHook | undefined {
  const { attach } = hook.target;
  if (attach.by !== 'lsm' || !hook.rules.some(({ posts, imaHash }) => posts && imaHash)) return undefined;
  return {
    ...hook,
    target: { ...hook.target, attach: { ...attach, by: 'lsm_ima' } },
    rules: hook.rules.map((rule) => ({ ...rule, limit: undefined, track: [], untrack: [] })),
  };
}

/** An enforcer matches every call for which something is noted. */
function enforcerHook(
  policy: Policy,
  at: SourcePosition,
  target: PlannedTarget,
  options: ActionOptions,
): PolicyHook {
  const enforcement = enforcerEnforcement(target);
  const { name, namespace } = policy;
  return {
    ...{ policy, at, number: options.numberOf?.(policy) ?? 0, target, values: [] },
    shown: {
      ...{ name, namespace, message: '', tags: [], args: [], data: [], returnValue: undefined },
      rules: [{ ...shownRule(undefined), action: 'NOTIFYENFORCER', label: 'enforcer', enforcement }],
    },
    rules: [
      {
        ...{ conditions: [], posts: true, kernelStack: false, userStack: false, imaHash: false },
        ...{ limit: undefined, track: [], untrack: [], enforcement, onError: 'match' },
      },
    ],
  };
}

/** spec.loader has no selectors and no actions: each mapping is an event. */
function loaderHook(policy: Policy, { target, values, conditions }: LoaderHook): PolicyHook {
  const { name, namespace } = policy;
  return {
    policy,
    at: policy.at,
    number: 0,
    target,
    values,
    shown: {
      ...{ name, namespace, message: '', tags: [], data: [], returnValue: undefined },
      args: [{ entry: 0, label: undefined }],
      rules: [{ ...shownRule(undefined), requests: [] }],
    },
    rules: [
      {
        ...{
          conditions,
          posts: true,
          kernelStack: false,
          userStack: false,
          imaHash: false,
          limit: undefined,
        },
        ...{ track: [], untrack: [], enforcement: undefined },
        onError: 'match',
      },
    ],
  };
}

function shownRule(selector: Selector | undefined): HookRule {
  const nameOf = (actions: readonly Action[]): string =>
    actions.some(({ kind }) => kind === 'NoPost') ? 'NOPOST' : (actions.at(-1)?.kind ?? 'Post').toUpperCase();
  return {
    label: selector?.label,
    action: nameOf(selector?.actions ?? []),
    ...stacksOf([...(selector?.actions ?? []), ...(selector?.returnActions ?? [])]),
    returnAction:
      selector === undefined || selector.returnActions.length === 0
        ? undefined
        : nameOf(selector.returnActions),
  };
}

function stacksOf(actions: readonly Action[]): Pick<HookRule, 'kernelStack' | 'userStack' | 'imaHash'> {
  const posts = actions.filter((action) => action.kind === 'Post');
  return {
    kernelStack: posts.some(({ kernelStackTrace }) => kernelStackTrace),
    userStack: posts.some(({ userStackTrace }) => userStackTrace),
    imaHash: posts.some(({ imaHash }) => imaHash),
  };
}
