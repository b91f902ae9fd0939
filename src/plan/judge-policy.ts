// SPDX-License-Identifier: Apache-2.0
import type { Policy } from '../policy/model.ts';
import type { KernelFacts } from './kernel-facts.ts';
import type { ActionOptions } from './plan-actions.ts';
import { planInstances } from './plan-instances.ts';
import { planPolicy } from './plan-policies.ts';
import { attempt, NeedsKubernetes, type OnPlanError, type PlanError, UncheckedFact } from './plan-problem.ts';

export interface Judgement {
  /** each once, in the order of their places */
  readonly problems: readonly PlanError[];
  /** what the facts at hand do not tell: ends of the sentence "Not checked: " */
  readonly unchecked: readonly string[];
}

/** Settings of an agent are not known here: the most that they allow. */
const OPTIONS: ActionOptions = { requests: 'all' };

/** Everything that keeps a kernel, or this version of the agent, from serving a policy. */
export function judgePolicy(policy: Policy, facts: KernelFacts): Judgement {
  const problems = new Map<string, PlanError>();
  const unchecked = new Set<string>();
  const onError: OnPlanError = (error) => {
    if (error instanceof UncheckedFact) unchecked.add(error.message);
    else if (error instanceof NeedsKubernetes)
      unchecked.add('limits to workloads: such policies are refused at load while Kubernetes is not on');
    // Calls of a list have the same arguments.
    else problems.set(`${error.at.line}:${error.at.column} ${error.message}`, error);
  };
  const hooks = planPolicy(policy, facts, undefined, OPTIONS, onError);
  if (problems.size === 0)
    for (const ofTarget of hooks.values()) attempt(() => planInstances(ofTarget, [0n, 0n]), onError);
  return {
    problems: [...problems.values()].sort((a, b) => a.at.line - b.at.line || a.at.column - b.at.column),
    unchecked: [...unchecked],
  };
}
