// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hookRecord } from '../events/testing.ts';
import type { Occurrence } from './event.ts';
import { ProcessTable } from './table.ts';
import { execRecord, exitRecord, forkRecord } from './testing.ts';
import { ProcessTracker } from './tracker.ts';

type Named = Exclude<Occurrence, { kind: 'gap' }>;

/** A tracker that knows pid 100 (start 1000, image 1100). */
function start(budget = 1 << 20) {
  const events: Named[] = [];
  const table = new ProcessTable(budget);
  const clock = { ms: 0 };
  const emit = (event: Occurrence): void => {
    if (event.kind !== 'gap') events.push(event);
  };
  const tracker = new ProcessTracker('node', table, emit, () => clock.ms);
  tracker.exec(execRecord({ tgid: 100, startTime: 1000n, path: '/bin/sh' }));
  return { tracker, table, events, clock };
}

/** The binary that the last hook event names, and what it says is missing. */
function hit(tracker: ProcessTracker, events: Named[], fields: Parameters<typeof hookRecord>[0] = {}) {
  tracker.hook(hookRecord(fields));
  const event = events.at(-1);
  assert.ok(event?.kind === 'hook');
  return [event.process.image?.binary, event.enrichment];
}

test('a hook record names the image that came by', () => {
  const { tracker, events } = start();
  assert.deepEqual(hit(tracker, events), ['/bin/sh', undefined]);
  assert.deepEqual(hit(tracker, events, { imageTime: 0n }), ['/bin/sh', undefined]);
  assert.equal(events.at(-1)?.ktime, 5000n);
});

test('an image or a process that no record told of is not guessed', () => {
  const { tracker, events } = start();
  assert.deepEqual(hit(tracker, events, { imageTime: 1999n }), [undefined, 'process_unknown']);
  assert.deepEqual(hit(tracker, events, { startTime: 7n }), [undefined, 'process_unknown']);
  assert.deepEqual(hit(tracker, events, { tgid: 101 }), [undefined, 'process_unknown']);
  assert.equal(tracker.stats.unknownProcesses, 3);
});

test('a record that is read after the exit, or after the next execve, finds its image for a moment', () => {
  const { tracker, table, events, clock } = start();
  tracker.keepsEnded = true;
  tracker.exec(execRecord({ tgid: 100, startTime: 1000n, imageTime: 3000n, path: '/bin/ls' }));
  assert.deepEqual(hit(tracker, events), ['/bin/sh', undefined]);
  assert.deepEqual(hit(tracker, events, { imageTime: 3000n }), ['/bin/ls', undefined]);
  tracker.exit(exitRecord(100, 1000n, 3000n));
  assert.deepEqual(hit(tracker, events, { imageTime: 3000n }), ['/bin/ls', undefined]);
  assert.equal(table.stats.living, 0);
  const later = 4_000_000_000n;
  tracker.exec(execRecord({ tgid: 200, startTime: later, path: '/bin/x' }));
  tracker.exit(exitRecord(200, later, later + 100n));
  // Seconds of records can be read at once.
  assert.deepEqual(hit(tracker, events, { imageTime: 3000n }), ['/bin/ls', undefined]);
  clock.ms = 3000;
  tracker.exec(execRecord({ tgid: 300, startTime: later, path: '/bin/y' }));
  tracker.exit(exitRecord(300, later, later + 100n));
  assert.deepEqual(hit(tracker, events, { imageTime: 3000n }), [undefined, 'process_unknown']);
  tracker.keepsEnded = false;
  assert.equal(table.stats.retained, 0);
  assert.deepEqual(hit(tracker, events, { tgid: 200, startTime: later, imageTime: later + 100n }), [
    undefined,
    'process_unknown',
  ]);
});

test('before its first execve a process is what it was forked as, also when it has ended since', () => {
  const { tracker, events } = start();
  tracker.keepsEnded = true;
  tracker.fork(forkRecord(101, 2000n, { tgid: 100, imageTime: 1100n }));
  tracker.exec(execRecord({ tgid: 101, startTime: 2000n, imageTime: 2500n, path: '/bin/id' }));
  const early = { tgid: 101, startTime: 2000n, imageTime: 0n };
  assert.deepEqual(hit(tracker, events, early), ['/bin/sh', undefined]);
  tracker.exit(exitRecord(101, 2000n, 2500n));
  assert.deepEqual(hit(tracker, events, early), ['/bin/sh', undefined]);
});

test('ended processes give way when the table needs their room, and are bounded in number', () => {
  const small = start(12_000);
  small.tracker.keepsEnded = true;
  for (let i = 0; i < 100; i++) {
    small.tracker.exec(execRecord({ tgid: 200 + i, startTime: BigInt(2000 + i) }));
    small.tracker.exit(exitRecord(200 + i, BigInt(2000 + i), BigInt(2100 + i)));
  }
  assert.equal(small.table.stats.refused, 0);

  const large = start(1 << 28);
  large.tracker.keepsEnded = true;
  for (let i = 0; i < 10_000; i++) {
    large.tracker.exec(execRecord({ tgid: 200 + i, startTime: BigInt(2000 + i) }));
    large.tracker.exit(exitRecord(200 + i, BigInt(2000 + i), BigInt(2100 + i)));
  }
  assert.ok(large.table.stats.retained <= 4096, `${large.table.stats.retained}`);
  large.tracker.keepsEnded = false;
  assert.equal(large.table.stats.retained, 0);
});
