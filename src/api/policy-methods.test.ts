// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { AgentError, ErrorCode } from '../base/errors.ts';
import { silentLogger } from '../base/log.ts';
import { ProblemCode } from '../policy/problem.ts';
import { PolicyRefusal } from '../sensor/policy-refusal.ts';
import { AgentClient } from './client.ts';
import { openDoor } from './door.ts';
import { Agent } from './gen/merlon/agent_pb.js';
import { FineGuidanceSensors, TracingPolicyMode } from './gen/tetragon/sensors_pb.js';
import { FakeView } from './testing.ts';
import type { PolicyChanges } from './view.ts';

const { addTracingPolicy, deleteTracingPolicy, configureTracingPolicy, listDomains } =
  FineGuidanceSensors.method;
const VIEWERS = 54321;
// Deprecated, and Tetragon's clients still call them.
const [enableTracingPolicy] = FineGuidanceSensors.methods.filter(
  ({ name }) => name === 'EnableTracingPolicy',
);
const [disableTracingPolicy] = FineGuidanceSensors.methods.filter(
  ({ name }) => name === 'DisableTracingPolicy',
);
const AT = { file: 'a.yaml', line: 3, column: 5, text: '  x: intt' };

async function clientOf(t: TestContext, view: FakeView, uid = 0): Promise<AgentClient> {
  const runDir = mkdtempSync(join(tmpdir(), 'merlon-door-'));
  const door = await openDoor({
    view,
    settings: { runDir, viewerGroup: String(VIEWERS), nodeName: 'node-1', clusterName: undefined },
    log: silentLogger(),
    peerCredentials: () => ({ pid: 0, uid, gid: VIEWERS }),
  });
  const client = await AgentClient.connect(runDir);
  t.after(async () => {
    client.close();
    await door.close();
    rmSync(runDir, { recursive: true });
  });
  return client;
}

function refusing(refusal: PolicyRefusal): FakeView {
  const reject = () => Promise.reject(refusal);
  const policyChanges: PolicyChanges = {
    add: reject,
    compare: reject,
    delete: reject,
    enable: reject,
    disable: reject,
    setMode: reject,
  };
  return Object.assign(new FakeView(), { policyChanges });
}

test('an admin compares policies with those in force, and a viewer may not', async (t) => {
  const client = await clientOf(t, new FakeView());
  const request = { texts: [{ file: 'a.yaml', text: 'text' }] };
  const { policies, programs } = await client.unary(Agent.method.comparePolicies, request);
  assert.deepEqual(
    [
      policies.map(({ name, change }) => [name, change]),
      programs.map(({ attachedTo, change }) => [attachedTo, change]),
    ],
    [[['compared', 'new']], [['fentry:f', 'unchanged']]],
  );
  const viewer = await clientOf(t, new FakeView(), 1);
  await assert.rejects(viewer.unary(Agent.method.comparePolicies, request), hasCode(ErrorCode.Privilege));
});

const hasCode = (code: string) => (error: unknown) => error instanceof AgentError && error.code === code;

test("an admin changes policies through Tetragon's methods", async (t) => {
  const view = new FakeView();
  const client = await clientOf(t, view);
  assert(enableTracingPolicy !== undefined && disableTracingPolicy !== undefined);
  const name = { name: 'p', namespace: '', domain: '' };
  await client.unary(addTracingPolicy, { yaml: 'text', domain: 'd' });
  await client.unary(disableTracingPolicy, name);
  await client.unary(enableTracingPolicy, name);
  await client.unary(configureTracingPolicy, { ...name, enable: false });
  await client.unary(configureTracingPolicy, { ...name, enable: true });
  await client.unary(deleteTracingPolicy, name);
  assert.deepEqual(view.changes, [
    ['add', { texts: ['text'], domain: 'd', replace: false }],
    ['disable', 'p'],
    ['enable', 'p'],
    ['disable', 'p'],
    ['enable', 'p'],
    ['delete', 'p'],
  ]);
  const { TP_MODE_ENFORCE, TP_MODE_MONITOR, TP_MODE_MONITOR_ONLY } = TracingPolicyMode;
  await client.unary(configureTracingPolicy, { ...name, mode: TP_MODE_MONITOR });
  await client.unary(configureTracingPolicy, { ...name, mode: TP_MODE_ENFORCE });
  assert.deepEqual(view.changes.slice(-2), [
    ['monitor', 'p'],
    ['enforce', 'p'],
  ]);
  const wrong = client.unary(configureTracingPolicy, { ...name, mode: TP_MODE_MONITOR_ONLY });
  await assert.rejects(wrong, /TP_MODE_ENFORCE or TP_MODE_MONITOR/);
});

test('a viewer changes nothing, and is told why', async (t) => {
  const view = new FakeView();
  const client = await clientOf(t, view, 12345);
  const refused = hasCode(ErrorCode.Privilege);
  await assert.rejects(client.unary(addTracingPolicy, { yaml: 'text' }), refused);
  await assert.rejects(client.unary(deleteTracingPolicy, { name: 'p' }), refused);
  await assert.rejects(client.unary(Agent.method.addPolicies, { texts: [] }), refused);
  assert.deepEqual((await client.unary(listDomains, {})).domains, []);
  assert.deepEqual(view.changes, []);
});

test("a refusal of Tetragon's method tells every problem with its place, within what a status holds", async (t) => {
  const problem = { code: ProblemCode.Value, at: AT, message: 'Cannot use "intt"' };
  const many = Array.from({ length: 1000 }, () => problem);
  const client = await clientOf(t, refusing(new PolicyRefusal('invalid', many)));
  await assert.rejects(client.unary(addTracingPolicy, { yaml: '' }), (error: AgentError) => {
    assert.equal(error.code, ErrorCode.Usage);
    assert.match(error.message, /^a\.yaml:3:5: Cannot use "intt"\n {3}3 \| {3}x: intt\n/);
    assert.match(error.message, /is cut/);
    return true;
  });
  const missing = await clientOf(t, refusing(new PolicyRefusal('missing', [], 'No policy "p" is loaded')));
  await assert.rejects(missing.unary(deleteTracingPolicy, { name: 'p' }), hasCode(ErrorCode.Policy));
});

test('AddPolicies answers with all problems, however many', async (t) => {
  const problem = { code: ProblemCode.Value, at: AT, message: 'Cannot use "intt"', remedy: 'Use int.' };
  const many = Array.from({ length: 1000 }, () => problem);
  const client = await clientOf(t, refusing(new PolicyRefusal('invalid', many)));
  const { problems } = await client.unary(Agent.method.addPolicies, { texts: [] });
  assert.equal(problems.length, 1000);
  const { $typeName: _, ...first } = problems[0] ?? { $typeName: '' };
  const { file, line, column, text: sourceLine } = AT;
  assert.deepEqual(first, {
    ...{ code: 'value', file, line, column, sourceLine },
    ...{ message: problem.message, remedy: problem.remedy },
  });
});
