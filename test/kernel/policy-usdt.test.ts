// SPDX-License-Identifier: Apache-2.0
// USDT probes: operands of each kind, several places of one probe, semaphores.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Agent } from './support/agent.ts';
import { hookEvents, hookEventsOf, policyFailures, startWithPolicies } from './support/hook-events.ts';
import { program } from './support/programs.ts';
import { requires } from './support/requirements.ts';
import { endSubjects, runProgram } from './support/subject.ts';

const PROBES = program('user-probes');

interface Report {
  pid: number;
  /** the probe's semaphore, as the program saw it */
  counter: number;
}

function run(number: number, text: string): Promise<Report> {
  return runProgram<Report>(PROBES, [String(number), text]);
}

/** A policy with one probe of the program; `lines` are further fields of it. */
function policy(name: string, probe: string, ...lines: string[]): string {
  return [
    'apiVersion: cilium.io/v1alpha1',
    'kind: TracingPolicy',
    `metadata: { name: ${name} }`,
    'spec:',
    '  usdts:',
    `  - path: ${PROBES}`,
    '    provider: merlontest',
    `    name: ${probe}`,
    ...lines.map((line) => `    ${line}`),
  ].join('\n');
}

describe('USDT probes', { skip: requires('root', 'btf') }, () => {
  let agent: Agent;

  before(async () => {
    agent = await startWithPolicies([
      policy(
        'operands',
        'operands',
        'message: operands',
        'tags: [observability.probe]',
        'args:',
        '- { index: 0, type: int }',
        '- { index: 1, type: string }',
        '- { index: 2, type: int }',
        '- { index: 3, type: string }',
        '- { index: 4, type: int64 }',
        '- { index: 5, type: uint64 }',
        '- { index: 6, type: uint8 }',
        'selectors: [{ matchArgs: [{ index: 2, operator: Equal, values: ["-7"] }] }]',
      ),
      policy(
        'text',
        'operands',
        'args: [{ index: 3, type: string }]',
        'selectors: [{ matchArgs: [{ index: 3, operator: Postfix, values: ["wanted"] }] }]',
      ),
      policy('twice', 'twice', 'args: [{ index: 0, type: int }]'),
      policy('counted', 'counted', 'args: [{ index: 0, type: int }]'),
      policy('none', 'none'),
      policy('unknown', 'operand'),
      policy('too-far', 'operands', 'args: [{ index: 7, type: int }]'),
    ]);
  });

  after(async () => {
    await endSubjects();
    await agent.dispose();
  });

  /** Whether a policy has an event of a process, once a later event of the same ring has come. */
  function hasEvent(name: string, pid: number): boolean {
    return hookEvents(agent).some((event) => event.policy_name === name && event.process.pid === pid);
  }

  test('registers, memory and constants', async () => {
    const other = await run(6, '');
    const { pid } = await run(7, 'text');
    const [event, ...more] = await hookEventsOf(agent, 'operands', pid);
    assert.deepEqual(more, []);
    assert.ok(event !== undefined);
    assert.equal(event.type, 'process_usdt');
    assert.equal(event.path, PROBES);
    assert.equal(event.provider, 'merlontest');
    assert.equal(event.name, 'operands');
    assert.equal(event.message, 'operands');
    assert.deepEqual(event.tags, ['observability.probe']);
    assert.deepEqual(event.args, [
      { int_arg: 7 },
      { string_arg: 'text' },
      { int_arg: -7 },
      { string_arg: 'text' },
      { long_arg: '-3' },
      { size_arg: '7' },
      { uint_arg: 200 },
    ]);
    assert.ok(!hasEvent('operands', other.pid));
  });

  test('another policy on the same probe has its own condition', async () => {
    const other = await run(7, 'wanted, but not at the end');
    const { pid } = await run(1, 'this is wanted');
    const [event] = await hookEventsOf(agent, 'text', pid);
    assert.deepEqual(event?.args, [{ string_arg: 'this is wanted' }]);
    assert.ok(!hasEvent('text', other.pid));
  });

  test('each place of a probe', async () => {
    const { pid } = await run(40, '');
    const events = await hookEventsOf(agent, 'twice', pid, 2);
    assert.deepEqual(
      events.map(({ args }) => args),
      [[{ int_arg: 40 }], [{ int_arg: 41 }]],
    );
  });

  test('a probe with a semaphore is turned on', async () => {
    const { pid, counter } = await run(5, '');
    assert.equal(counter, 1);
    const [event] = await hookEventsOf(agent, 'counted', pid);
    assert.deepEqual(event?.args, [{ int_arg: 5 }]);
  });

  test('a probe without arguments', async () => {
    const { pid } = await run(5, '');
    const [event] = await hookEventsOf(agent, 'none', pid);
    assert.equal(event?.args, undefined);
  });

  test('what cannot be attached is said', () => {
    const failures = policyFailures(agent);
    assert.deepEqual(
      failures.map(({ policy: name }) => name),
      ['unknown', 'too-far'],
    );
    assert.equal(failures[0]?.remedy, 'Did you mean "merlontest:operands"?');
    assert.match(failures[1]?.reason ?? '', /the probe has 7/);
  });

  test('the semaphore falls when the policy is gone', async () => {
    await agent.stop();
    assert.equal((await run(5, '')).counter, 0);
  });
});
