// SPDX-License-Identifier: Apache-2.0
import type { Policy } from '../policy/model.ts';
import { FollowedConditions, followedNumbers } from './follow.ts';
import type { InstancePlan } from './instance-plan.ts';
import type { KernelFacts } from './kernel-facts.ts';
import type { ActionOptions } from './plan-actions.ts';
import { digestOf } from './plan-digest.ts';
import { planInstances } from './plan-instances.ts';
import { planPolicy, type PolicyHook } from './plan-policies.ts';
import { attempt, type OnPlanError, PlanError, UncheckedFact } from './plan-problem.ts';
import { policyDigest } from './policy-digest.ts';
import type { StringSecret } from './string-key.ts';

/** One program of a set: a hook, or a part of one that needs several. */
export interface PlannedProgram {
  /** way of attaching and place, such as `fentry:tcp_connect` */
  readonly key: string;
  /** position among the hook's programs, from 0 */
  readonly part: number;
  readonly plan: InstancePlan;
  /** equal for equal programs of two sets that were planned by the same facts */
  readonly digest: string;
}

export interface PlannedPolicy {
  readonly policy: Policy;
  readonly digest: string;
  /** with one it is in no program */
  readonly problems: readonly PlanError[];
}

export interface PlannedSet {
  readonly policies: readonly PlannedPolicy[];
  readonly programs: readonly PlannedProgram[];
  /** what the facts do not tell; hooks that need it are left out */
  readonly unchecked: readonly string[];
}

/** Tables of strings get other keys on each machine; here they have to be comparable. */
const NO_SECRET: StringSecret = [0n, 0n];

/** Everything that a set of policies would load, without loading it. */
export function planSet(policies: readonly Policy[], facts: KernelFacts, options: ActionOptions): PlannedSet {
  const followed = new FollowedConditions();
  const unchecked = new Set<string>();
  const planned = policies.map((policy) => {
    const problems: PlanError[] = [];
    const onError: OnPlanError = (error) => {
      if (error instanceof PlanError) problems.push(error);
      else if (error instanceof UncheckedFact) unchecked.add(error.message);
    };
    const hooks = planPolicy(policy, facts, followed, options, onError);
    return { policy, digest: policyDigest(policy), problems, hooks, onError };
  });
  const byTarget = new Map<string, PolicyHook[]>();
  for (const { problems, hooks } of planned)
    if (problems.length === 0)
      for (const [key, ofTarget] of hooks) byTarget.set(key, [...(byTarget.get(key) ?? []), ...ofTarget]);
  const programs = [...byTarget].flatMap(([key, hooks]) => {
    const last = planned.findLast(({ policy }) => policy === hooks.at(-1)?.policy);
    const plans = last && attempt(() => planInstances(hooks, NO_SECRET), last.onError);
    return (plans ?? []).map((plan, part) => programOf(key, part, plan));
  });
  const follow = planFollow(followed, [...byTarget.values()].flat());
  return {
    policies: planned,
    programs: follow === undefined ? programs : [programOf('follow', 0, follow), ...programs],
    unchecked: [...unchecked],
  };
}

function planFollow(
  followed: FollowedConditions,
  hooks: readonly PolicyHook[],
): ReturnType<FollowedConditions['plan']> {
  const rules = hooks.flatMap((hook) => hook.rules);
  const numbers = new Set(rules.flatMap(({ conditions }) => followedNumbers(conditions)));
  return numbers.size === 0 ? undefined : followed.plan(numbers, NO_SECRET);
}

function programOf(key: string, part: number, plan: InstancePlan): PlannedProgram {
  return { key, part, plan, digest: digestOf(plan, NO_SECRET) };
}
