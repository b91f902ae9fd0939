// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Action, LabelSelector, Policy, Selector } from '../policy/model.ts';
import { PlanError } from './plan-problem.ts';
import { planPolicy } from './plan-policies.ts';
import { argument, AT, condition, kernelFacts, policy, rawHook, selector } from './testing.ts';

const LABELS: LabelSelector = { matchLabels: new Map(), matchExpressions: [] };
const EVERYWHERE = { podSelector: undefined, containerSelector: undefined, host: false, at: AT };

const LIMITED: Readonly<Record<string, Partial<Policy>>> = {
  'the pods of a namespace': { namespace: 'shop' },
  pods: { workload: { ...EVERYWHERE, podSelector: LABELS } },
  containers: { workload: { ...EVERYWHERE, containerSelector: LABELS } },
  'the host': { workload: { ...EVERYWHERE, host: true } },
  nodes: { nodeSelector: LABELS },
};

for (const [what, limit] of Object.entries(LIMITED))
  test(`a policy that is only for ${what} is refused while Kubernetes is not on`, () => {
    assert.throws(() => planPolicy(policy('p', [rawHook([], [])], limit), kernelFacts()), PlanError);
  });

test('a policy without limits is planned', () => {
  assert.equal(planPolicy(policy('p', [rawHook([], [])]), kernelFacts()).size, 1);
});

describe('what an enforcing rule makes of a value that it could not read', () => {
  const kill: Action = { kind: 'Sigkill', at: AT };
  const equals = condition(0, { op: 'numbers', values: [1n], lists: [] });
  const acting = selector({ args: [equals], actions: [kill] });

  function rulesOf(annotation: string | undefined, ...selectors: Selector[]): unknown[] {
    const extensions = new Map(annotation === undefined ? [] : [['on-unreadable', annotation]]);
    const hook = rawHook([argument(0, 'uint64')], selectors);
    const [hooks = []] = planPolicy(policy('p', [hook], { extensions }), kernelFacts()).values();
    return hooks.flatMap(({ rules, shown }) =>
      rules.map(({ onError, enforcement }, index) => [
        onError,
        enforcement?.signal,
        shown.rules[index]?.enforcement?.rung,
      ]),
    );
  }

  test('is what the policy says', () => {
    assert.deepEqual(rulesOf('match', acting), [['match', 9, 'signal']]);
    assert.deepEqual(rulesOf('no-match', acting), [['no-match', 9, 'signal']]);
  });

  test('is observed, behind every other rule, when the policy says nothing', () => {
    assert.deepEqual(rulesOf(undefined, acting, selector({ args: [equals] })), [
      ['paths', 9, 'signal'],
      ['match', undefined, undefined],
      ['match', undefined, 'none'],
    ]);
    assert.deepEqual(rulesOf(undefined, selector({ actions: [kill] })), [['paths', 9, 'signal']]);
  });
});
