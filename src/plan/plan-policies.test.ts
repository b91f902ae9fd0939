// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LabelSelector, Policy } from '../policy/model.ts';
import { PlanError } from './plan-problem.ts';
import { planPolicy } from './plan-policies.ts';
import { AT, kernelFacts, policy, rawHook } from './testing.ts';

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
