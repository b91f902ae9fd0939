// SPDX-License-Identifier: Apache-2.0
// Kernel threads have no binary: no rule that names or excludes one is about them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hookEvents, startWithPolicies } from './support/hook-events.ts';
import { requires } from './support/requirements.ts';
import { eventually } from './support/wait.ts';

const MATCHES = {
  any: '[]',
  names: '[{matchBinaries: [{operator: Prefix, values: ["/"]}]}]',
  excludes: '[{matchBinaries: [{operator: NotIn, values: ["/nowhere"]}]}]',
  'excludes-end': '[{matchBinaries: [{operator: NotPostfix, values: ["/nowhere"]}]}]',
};

/** Of a tracepoint that kernel threads alone come by. */
function document([name, selectors]: [string, string]): string {
  return `apiVersion: cilium.io/v1alpha1
kind: TracingPolicy
metadata: {name: ${name}}
spec:
  tracepoints:
  - {subsystem: workqueue, event: workqueue_execute_start, args: [], selectors: ${selectors}}
`;
}

test('a kernel thread and rules on binaries', { skip: requires('root', 'btf') }, async () => {
  const agent = await startWithPolicies(Object.entries(MATCHES).map(document));
  try {
    const seen = (): string[] => hookEvents(agent).map(({ policy_name: policy }) => policy);
    await eventually('work of a kernel thread', () => (seen().length > 10 ? true : undefined));
    await agent.stop();
    assert.deepEqual([...new Set(seen())], ['any']);
  } finally {
    await agent.dispose();
  }
});
