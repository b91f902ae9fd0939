// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { AgentError, ErrorCode } from '../base/errors.ts';
import { silentLogger } from '../base/log.ts';
import { AgentClient } from './client.ts';
import type { PeerCredentials } from './caller.ts';
import type { Door } from './door.ts';
import { openDoor } from './door.ts';
import { Agent } from './gen/merlon/agent_pb.js';
import type { GetEventsResponse } from './gen/tetragon/events_pb.js';
import { EventType } from './gen/tetragon/events_pb.js';
import { FineGuidanceSensors } from './gen/tetragon/sensors_pb.js';
import { FakeView, exec } from './testing.ts';

interface Setup {
  view: FakeView;
  door: Door;
  runDir: string;
  client: AgentClient;
}

async function setup(
  t: TestContext,
  peer: Partial<PeerCredentials> = {},
  viewerGroup?: string,
): Promise<Setup> {
  const runDir = mkdtempSync(join(tmpdir(), 'merlon-door-'));
  const view = new FakeView();
  const door = await openDoor({
    view,
    settings: { runDir, viewerGroup, nodeName: 'node-1', clusterName: undefined },
    log: silentLogger(),
    peerCredentials: () => ({ pid: process.pid, uid: 0, gid: 0, ...peer }),
  });
  const client = await AgentClient.connect(runDir);
  t.after(async () => {
    client.close();
    await door.close();
    rmSync(runDir, { recursive: true });
  });
  return { view, door, runDir, client };
}

async function take<T>(stream: AsyncIterable<T>, count: number): Promise<T[]> {
  const taken: T[] = [];
  for await (const value of stream) {
    taken.push(value);
    if (taken.length === count) break;
  }
  return taken;
}

function pidOf({ event }: GetEventsResponse): number | undefined {
  return event.case === 'processExec' ? event.value.process?.pid : undefined;
}

const hasCode = (code: string) => (error: unknown) => error instanceof AgentError && error.code === code;

test('an admin gets version, health, status and every process', async (t) => {
  const { client, view } = await setup(t);
  view.processes = () => Array.from({ length: 300 }, (_, pid) => ({ pid, binary: '/bin/x'.repeat(1000) }));
  assert.equal((await client.unary(FineGuidanceSensors.method.getVersion, {})).version, 'v0.1.0');
  const health = await client.unary(FineGuidanceSensors.method.getHealth, {});
  assert.equal(health.healthStatus[0]?.details, 'All is well');
  const status = await client.unary(Agent.method.getStatus, {});
  assert.equal(status.lanes[0]?.received, 2n ** 63n);
  const processes = await take(client.stream(Agent.method.listProcesses, {}), Infinity);
  assert.deepEqual(
    processes.map(({ process }) => process?.pid),
    Array.from({ length: 300 }, (_, pid) => pid),
  );
});

test('a method that does not exist yet is refused as such', async (t) => {
  const { client } = await setup(t);
  await assert.rejects(client.unary(FineGuidanceSensors.method.getInfo, {}), hasCode(ErrorCode.Usage));
});

test('the role decides: viewers read, strangers get a clear refusal for every kind of method', async (t) => {
  const stranger = { uid: 12345, gid: 12345, pid: 0 };
  const viewer = await setup(t, { ...stranger, gid: 54321 }, '54321');
  assert.equal((await viewer.client.unary(FineGuidanceSensors.method.getVersion, {})).version, 'v0.1.0');
  const { client } = await setup(t, stranger, '54321');
  const refused = hasCode(ErrorCode.Privilege);
  await assert.rejects(client.unary(FineGuidanceSensors.method.getVersion, {}), refused);
  await assert.rejects(take(client.stream(FineGuidanceSensors.method.getEvents, {}), 1), refused);
  await assert.rejects(take(client.stream(Agent.method.listProcesses, {}), 1), refused);
});

test('the socket has mode 0600, with a viewer group 0660 and the group', async (t) => {
  const { door } = await setup(t);
  assert.equal(statSync(door.path).mode & 0o777, 0o600);
  const root = process.getuid?.() === 0;
  const gid = root ? 54321 : (process.getgid?.() ?? 0);
  const shared = await setup(t, {}, String(gid));
  const { mode, gid: owner } = statSync(shared.door.path);
  assert.deepEqual([mode & 0o777, owner], [0o660, gid]);
});

test('events arrive as messages, filtered by kind and pid; Merlon fields and gaps come through', async (t) => {
  const { client, view } = await setup(t);
  const request = { allowList: [{ eventSet: [EventType.PROCESS_EXEC] }], denyList: [{ pid: [2] }] };
  const events = take(client.stream(FineGuidanceSensors.method.getEvents, request), 3);
  await view.readers(1);
  view.emit(exec(1, { merlon: { ancestry: [{ pid: 9 }] } }), exec(2), {
    process_exit: { process: { pid: 3 } },
  });
  view.emit({ merlon_gap: { lane: 'lifecycle', lost: '3' } }, exec(4));
  const [first, gap, last] = await events;
  assert.equal(first?.merlon?.ancestry[0]?.pid, 9);
  assert.equal(gap?.event.case, 'merlonGap');
  assert.equal(pidOf(last as GetEventsResponse), 4);
  await view.readers(0);
});

test('a filter that cannot be applied is refused by name', async (t) => {
  const { client } = await setup(t);
  const refusal = async (request: object) => {
    const error: unknown = await take(client.stream(FineGuidanceSensors.method.getEvents, request), 1).catch(
      (e: unknown) => e,
    );
    assert(error instanceof AgentError);
    return /"(.*)"/.exec(error.message)?.[1];
  };
  assert.equal(await refusal({ allowList: [{ binaryRegex: ['x'] }] }), 'Filter.binary_regex');
  assert.equal(await refusal({ denyList: [{ inInitTree: true }] }), 'Filter.in_init_tree');
  assert.equal(await refusal({ aggregationOptions: {} }), 'aggregation_options');
  assert.equal(await refusal({ fieldFilters: [{}] }), 'field_filters');
});

test('a client that reads too slowly gets gap records that account for every event it missed', async (t) => {
  const { client, view } = await setup(t);
  const stream = client.stream(FineGuidanceSensors.method.getEvents, {});
  const first = stream.next();
  await view.readers(1);
  const padding = { node_name: 'x'.repeat(1000) };
  let pid = 1;
  view.emit(exec(0, padding));
  await first;
  // Nothing is read meanwhile: socket, HTTP/2 window and queue fill up.
  for (; pid <= 40_000; pid += 100) {
    view.emit(...Array.from({ length: 100 }, (_, i) => exec(pid + i, padding)));
    await new Promise((resolve) => setImmediate(resolve));
  }
  const status = await client.unary(Agent.method.getStatus, {});
  assert(Number(status.subscribers[0]?.lost) > 1000);
  assert.deepEqual([status.subscribers[0]?.pid, status.subscribers[0]?.role], [process.pid, 'admin']);

  view.emit(exec(pid));
  let expected = 1;
  let gaps = 0;
  for await (const message of stream) {
    if (message.event.case === 'merlonGap') {
      const { lost, lane, from, to } = message.event.value;
      assert.equal(lane, 'subscriber');
      assert.equal(message.nodeName, 'node-1');
      assert.equal(from?.nanos, expected);
      expected += Number(lost);
      assert.equal(to?.nanos, expected - 1);
      gaps++;
    } else {
      assert.equal(pidOf(message), expected);
      expected++;
    }
    if (expected > pid) break;
  }
  assert.equal(expected, pid + 1);
  assert(gaps > 0);
});

test('one role cannot take every place of the readers', async (t) => {
  const { client, view } = await setup(t);
  const open = Array.from({ length: 8 }, () => client.stream(FineGuidanceSensors.method.getEvents, {}));
  const reading = open.map((stream) => stream.next());
  await view.readers(8);
  const more = take(client.stream(FineGuidanceSensors.method.getEvents, {}), 1);
  await assert.rejects(more, /RESOURCE_EXHAUSTED.*role admin/);
  view.emit(exec(1));
  await Promise.all(reading);
  await Promise.all(open.map((stream) => stream.return()));
  await view.readers(0);
});

test('an event that the schema does not know becomes a gap, and the stream goes on', async (t) => {
  const { client, view } = await setup(t);
  const events = take(client.stream(FineGuidanceSensors.method.getEvents, {}), 2);
  await view.readers(1);
  view.emit(exec(1, { surprise: 1 }), exec(2));
  const [gap, next] = await events;
  assert.equal(gap?.event.case === 'merlonGap' && gap.event.value.lost, 1n);
  assert.equal(pidOf(next as GetEventsResponse), 2);
});

test('closing lets a client read to the end, tells it why, and removes the socket', async (t) => {
  const { client, view, door } = await setup(t);
  const events: GetEventsResponse[] = [];
  const reading = (async () => {
    for await (const event of client.stream(FineGuidanceSensors.method.getEvents, {})) events.push(event);
  })();
  await view.readers(1);
  view.emit(exec(1), exec(2));
  const ended = assert.rejects(reading, hasCode(ErrorCode.NotRunning));
  await door.close();
  await ended;
  assert.deepEqual(events.map(pidOf), [1, 2]);
  assert.equal(existsSync(door.path), false);
});

test("a dead agent's socket is replaced, a living one's and a plain file are not", async (t) => {
  const { runDir, view, door } = await setup(t);
  const open = () =>
    openDoor({
      view,
      settings: { runDir, viewerGroup: undefined, nodeName: 'n', clusterName: undefined },
      log: silentLogger(),
      peerCredentials: () => ({ pid: 4711, uid: 0, gid: 0 }),
    });
  await assert.rejects(
    open(),
    (error) => hasCode(ErrorCode.AlreadyRunning)(error) && /\b4711\b/.test(String(error)),
  );
  await door.close();

  // As after kill -9: the process that listened is gone, its file is not.
  const script = `require('net').createServer().listen(${JSON.stringify(door.path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', script]);
  assert(existsSync(door.path));
  const next = await open();
  await next.close();

  writeFileSync(door.path, '');
  await assert.rejects(open(), hasCode(ErrorCode.Setting));
  assert(existsSync(door.path));
});

test('without an agent the error says so and what to do', async () => {
  await assert.rejects(AgentClient.connect('/nonexistent'), (error) => {
    return hasCode(ErrorCode.NotRunning)(error) && (error as AgentError).remedy !== undefined;
  });
});
