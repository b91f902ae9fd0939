// SPDX-License-Identifier: Apache-2.0
// spec.loader: an event for each file that is mapped so that it can run, and none for other mappings.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Agent } from './support/agent.ts';
import type { HookEvent } from './support/hook-events.ts';
import { hookEvents, startWithPolicies } from './support/hook-events.ts';
import { program } from './support/programs.ts';
import { requires } from './support/requirements.ts';
import { endSubjects, runProgram } from './support/subject.ts';
import { eventually } from './support/wait.ts';

const MAP = program('map-file');
/** A file that nothing else maps. */
const MAPPED = program('end');

const POLICY = [
  'apiVersion: cilium.io/v1alpha1',
  'kind: TracingPolicy',
  'metadata: { name: loader }',
  'spec: { loader: true }',
].join('\n');

interface Report {
  pid: number;
  mapped: boolean;
}

describe('spec.loader', { skip: requires('root', 'btf') }, () => {
  let agent: Agent;

  before(async () => {
    agent = await startWithPolicies([POLICY, POLICY.replace('name: loader', 'name: loader-again')]);
  });

  after(async () => {
    await endSubjects();
    await agent.dispose();
  });

  function eventsOf(pid: number): HookEvent[] {
    return hookEvents(agent).filter(({ type, process }) => type === 'process_loader' && process.pid === pid);
  }

  const pathsOf = (pid: number): unknown[] => eventsOf(pid).map(({ path }) => path);

  test('a file that can run, once for each policy; the binary itself too', async () => {
    const read = await runProgram<Report>(MAP, [MAPPED, 'read']);
    const closed = await runProgram<Report>(MAP, [MAPPED, 'closed']);
    const { pid, mapped } = await runProgram<Report>(MAP, [MAPPED, 'exec']);
    assert.deepEqual([read.mapped, closed.mapped, mapped], [true, false, true]);
    await eventually('events of mappings', () => (pathsOf(pid).length >= 4 ? true : undefined));
    assert.deepEqual(
      pathsOf(pid).filter((path) => path === MAPPED),
      [MAPPED, MAPPED],
    );
    for (const other of [pid, read.pid, closed.pid]) assert.ok(pathsOf(other).includes(MAP));
    for (const other of [read.pid, closed.pid]) assert.ok(!pathsOf(other).includes(MAPPED));
    // Nothing of the memory that has no file.
    assert.ok(eventsOf(pid).every(({ path }) => path === MAP || path === MAPPED));
  });

  test('the event names the process, and no policy', async () => {
    const { pid } = await runProgram<Report>(MAP, [MAPPED, 'exec']);
    const event = await eventually('an event of the mapping', () =>
      eventsOf(pid).find(({ path }) => path === MAPPED),
    );
    assert.equal(event.process.binary, MAP);
    assert.equal(event.policy_name, undefined);
  });
});
