// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExecFlag } from '../events/gen/layouts.ts';
import type { Occurrence } from './event.ts';
import { ancestorsOf } from './process.ts';
import { ProcessTable } from './table.ts';
import { execRecord, exitRecord, forkRecord } from './testing.ts';
import { ProcessTracker } from './tracker.ts';

type Named = Exclude<Occurrence, { kind: 'gap' }>;

/** A tracker that knows pid 1 (start 10) and a shell, pid 100 (start 1000, image 1100). */
function start(budget = 1 << 20): { tracker: ProcessTracker; table: ProcessTable; events: Named[] } {
  const events: Named[] = [];
  const table = new ProcessTable(budget);
  const tracker = new ProcessTracker('node', table, (event) => {
    if (event.kind !== 'gap') events.push(event);
  });
  const init = {
    flags: ExecFlag.EXEC_SNAPSHOT | ExecFlag.EXEC_PARENT_KTHREAD,
    imageTime: 10n,
    path: '/sbin/init',
  };
  tracker.found(execRecord({ tgid: 1, startTime: 10n, ...init }), 20n);
  tracker.exec(execRecord({ tgid: 100, startTime: 1000n, path: '/bin/sh' }));
  events.length = 0;
  return { tracker, table, events };
}

const last = (events: Named[]): Named => events.at(-1) as Named;
const chain = (event: Named): string[] =>
  [...ancestorsOf(event.process)].map((process) => `${process.tgid}:${process.image?.binary ?? '?'}`);

test('fork, exec and exit name the process, its parent and every ancestor', () => {
  const { tracker, events } = start();
  tracker.fork(forkRecord(101, 2000n, { tgid: 100, imageTime: 1100n }));
  tracker.exec(
    execRecord({ tgid: 101, startTime: 2000n, path: '/bin/ls', parent: { tgid: 100, imageTime: 1100n } }),
  );
  assert.deepEqual(chain(last(events)), ['100:/bin/sh', '1:/sbin/init']);
  tracker.exit(exitRecord(101, 2000n, 2100n, 3 << 8));
  const exit = last(events);
  assert.equal(exit.process.image?.binary, '/bin/ls');
  assert.equal(exit.kind === 'exit' && exit.code, 3 << 8);
  assert.equal(Buffer.from(exit.process.execId, 'base64').toString(), 'node:2100:101');
});

test('a fork without exec has an identity of its own and its parent’s image', () => {
  const { tracker, events } = start();
  tracker.fork(forkRecord(101, 2000n, { tgid: 100, imageTime: 1100n }));
  tracker.exit(exitRecord(101, 2000n, 2000n));
  assert.equal(last(events).process.image?.binary, '/bin/sh');
  assert.equal(Buffer.from(last(events).process.execId, 'base64').toString(), 'node:2000:101');
  assert.equal(last(events).enrichment, undefined);
});

test('a child keeps the image that its parent had at the fork, though the parent has executed another since', () => {
  const { tracker, events } = start();
  tracker.fork(forkRecord(101, 2000n, { tgid: 100, imageTime: 1100n }));
  tracker.exec(execRecord({ tgid: 100, startTime: 1000n, imageTime: 2500n, path: '/bin/other' }));
  tracker.exec(
    execRecord({ tgid: 101, startTime: 2000n, path: '/bin/ls', parent: { tgid: 100, imageTime: 1100n } }),
  );
  assert.deepEqual(chain(last(events)), ['100:/bin/sh', '1:/sbin/init']);
});

test('an orphan keeps the ancestors it was born with', () => {
  const { tracker, events } = start();
  tracker.fork(forkRecord(101, 2000n, { tgid: 100, imageTime: 1100n }));
  tracker.exit(exitRecord(100, 1000n, 1100n));
  tracker.exec(
    execRecord({ tgid: 101, startTime: 2000n, path: '/bin/ls', realParent: { tgid: 1, startTime: 10n } }),
  );
  assert.deepEqual(chain(last(events)), ['100:/bin/sh', '1:/sbin/init']);
});

test('an exit whose exec was lost does not name the image before it', () => {
  const { tracker, events } = start();
  tracker.exit(exitRecord(100, 1000n, 1999n));
  assert.equal(last(events).enrichment, 'process_unknown');
  assert.equal(last(events).process.image, undefined);
  assert.equal(Buffer.from(last(events).process.execId, 'base64').toString(), 'node:1999:100');
  assert.deepEqual(chain(last(events)), ['1:/sbin/init']);
});

test('an exit of a process that no record told of is reported with its identity, and counted', () => {
  const { tracker, events } = start();
  tracker.exit(exitRecord(777, 5000n, 0n));
  assert.equal(last(events).enrichment, 'process_unknown');
  assert.equal(last(events).process.tgid, 777);
  assert.equal(tracker.stats.unknownProcesses, 1);
});

test('an unknown parent is named by its identity and counted, not guessed', () => {
  const { tracker, events } = start();
  const parent = { tgid: 50, imageTime: 900n };
  tracker.exec(
    execRecord({ tgid: 200, startTime: 3000n, parent, realParent: { tgid: 50, startTime: 800n } }),
  );
  assert.deepEqual(chain(last(events)), ['50:?']);
  assert.equal(tracker.stats.unknownParents, 1);
});

test('a process that a kernel thread started has the kernel as parent and no ancestors', () => {
  const { tracker, events } = start();
  tracker.exec(execRecord({ tgid: 200, startTime: 3000n, flags: ExecFlag.EXEC_PARENT_KTHREAD }));
  assert.equal(last(events).process.parent, tracker.kernel);
  assert.deepEqual(chain(last(events)), []);
});

test('a found process that an earlier run has reported is entered without an event', () => {
  const { tracker, table, events } = start();
  const flags = ExecFlag.EXEC_SNAPSHOT | ExecFlag.EXEC_REPORTED;
  tracker.found(execRecord({ tgid: 300, startTime: 4000n, flags }), 5000n);
  assert.equal(events.length, 0);
  assert.ok(table.find({ tgid: 300, startTime: 4000n }));
});

test('a full table marks the event', () => {
  const { tracker, events } = start(8000);
  for (let i = 0; i < 10; i++) tracker.exec(execRecord({ tgid: 400 + i, startTime: BigInt(6000 + i) }));
  assert.equal(last(events).enrichment, 'table_full');
  assert.equal(events[0]?.enrichment, undefined);
});

test('only descendants of a container’s first process are in its init tree', () => {
  const { tracker, events } = start();
  const host = execRecord({ tgid: 1, startTime: 10n }).namespaces;
  const namespaces = { ...host, pid: 4026532999 };
  tracker.exec(execRecord({ tgid: 500, startTime: 7000n, nsTgid: 1, namespaces }));
  assert.equal(last(events).process.inInitTree, true);
  const parent = { tgid: 500, imageTime: 7100n };
  tracker.exec(execRecord({ tgid: 501, startTime: 7200n, nsTgid: 2, namespaces, parent }));
  assert.equal(last(events).process.inInitTree, true);
  tracker.exec(
    execRecord({
      tgid: 502,
      startTime: 7300n,
      nsTgid: 3,
      namespaces,
      parent: { tgid: 100, imageTime: 1100n },
    }),
  );
  assert.equal(last(events).process.inInitTree, false);
  tracker.exec(execRecord({ tgid: 503, startTime: 7400n }));
  assert.equal(last(events).process.inInitTree, false);
});

test('a record of what the snapshot has seen already adds to it: one entry, one event', () => {
  const { tracker, table, events } = start();
  const reported = ExecFlag.EXEC_SNAPSHOT | ExecFlag.EXEC_REPORTED;
  const times = { tgid: 600, startTime: 8000n };
  tracker.found(execRecord({ ...times, flags: reported, path: '/bin/sh' }), 9000n);
  tracker.fork(forkRecord(601, 8500n, { tgid: 600, imageTime: 8100n }));
  const { bytes } = table.stats;
  tracker.fork(forkRecord(600, 8000n, { tgid: 100, imageTime: 1100n }));
  tracker.exec(execRecord({ ...times, path: '/bin/sh', script: Buffer.from('/opt/run') }));
  assert.equal(events.length, 1);
  assert.equal(last(events).process.image?.script, '/opt/run');
  assert.equal(last(events).process.children, 1);
  tracker.exit(exitRecord(601, 8500n, 8500n));
  tracker.exit(exitRecord(600, 8000n, 8100n));
  assert.equal(table.stats.living, 2);
  assert.equal(table.stats.retained, 0);
  assert.ok(table.stats.bytes < bytes);
});
