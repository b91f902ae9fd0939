// SPDX-License-Identifier: Apache-2.0
// `merlon policy plan` tells what the running agent would have to load, by the digests of both sets.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Agent } from './support/agent.ts';
import { merlon } from './support/command.ts';
import { requires } from './support/requirements.ts';

function document(name: string, event: string, pid: number): string {
  return `apiVersion: cilium.io/v1alpha1
kind: TracingPolicy
metadata:
  name: ${name}
spec:
  tracepoints:
  - subsystem: sched
    event: ${event}
    raw: true
    selectors:
    - matchPIDs:
      - {operator: In, values: [${pid}]}
`;
}

interface Plan {
  readonly status: number | null;
  readonly programs: readonly { readonly mechanism: string }[];
  /** by policy or place */
  readonly changes: Readonly<Record<string, string>>;
}

describe('plans of policies', { skip: requires('root', 'btf') }, () => {
  let agent: Agent;
  const file = (name: string): string => join(agent.places.directory, `${name}.yaml`);
  const plan = (...names: string[]): Plan => {
    const { places } = agent;
    const { stdout, status } = merlon(
      'policy',
      'plan',
      '-o',
      'json',
      '--run-dir',
      places.runDir,
      ...names.map(file),
    );
    const { changes, programs } = JSON.parse(stdout) as {
      changes: Record<'policies' | 'programs', { name?: string; attached_to?: string; change: string }[]>;
      programs: { mechanism: string }[];
    };
    const list = [...changes.policies, ...changes.programs];
    const byName = list.map(({ name, attached_to = '', change }) => [name ?? attached_to, change] as const);
    return {
      ...{ status, programs },
      changes: Object.fromEntries(byName),
    };
  };

  before(async () => {
    agent = await Agent.start({ flags: ['--policy-dir', '/nonexistent'], wanted: () => false });
    writeFileSync(file('kept'), document('kept', 'sched_switch', 1));
    writeFileSync(file('going'), document('going', 'sched_process_fork', 1));
    writeFileSync(file('other'), document('kept', 'sched_switch', 2));
    writeFileSync(file('coming'), document('coming', 'sched_process_exit', 1));
    const { status, stderr } = merlon(
      'policy',
      'add',
      '--run-dir',
      agent.places.runDir,
      file('kept'),
      file('going'),
    );
    assert.equal(status, 0, stderr);
  });
  after(() => agent.dispose());

  test('what is loaded already stays as it is', () => {
    const { status, changes, programs } = plan('kept', 'coming');
    assert.deepEqual(
      [status, programs.map(({ mechanism }) => mechanism), changes],
      [
        0,
        ['raw_tracepoint', 'raw_tracepoint'],
        {
          ...{ kept: 'unchanged', coming: 'new', going: 'removed' },
          'raw_tracepoint:sched_switch': 'unchanged',
          'raw_tracepoint:sched_process_exit': 'new',
          'raw_tracepoint:sched_process_fork': 'removed',
        },
      ],
    );
  });

  test('another value changes the policy and its program, and nothing is loaded by a plan', () => {
    assert.deepEqual(plan('other', 'going').changes, {
      ...{ kept: 'changed', going: 'unchanged' },
      'raw_tracepoint:sched_switch': 'changed',
      'raw_tracepoint:sched_process_fork': 'unchanged',
    });
    assert.deepEqual(new Set(Object.values(plan('kept', 'going').changes)), new Set(['unchanged']));
  });
});
