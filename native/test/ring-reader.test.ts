// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { afterEach, test } from 'node:test';

import { addon, failure } from './addon.ts';
import { closeReaders, Flood, LENGTH_MAX } from './flood.ts';

afterEach(closeReaders);

/** Nothing is lost without being counted: what was attempted has arrived, was given up, or found the ring full. */
function assertExact(flood: Flood, lane: 0 | 1, skipped = 0): void {
  const { attempted, lost, discarded } = flood.attempts(lane);
  assert.equal((flood.received[lane] ?? NaN) + lost + discarded + skipped, attempted);
}

test('every record of two lanes arrives once, in order, while the producer runs', async () => {
  const ringBytes = 1 << 20;
  const flood = new Flood({ ringBytes });
  let batches = 0n;
  const reader = flood.reader({ batchBytes: 1 << 16 }, (self, index) => {
    batches++;
    self.release(index);
  });
  reader.start();
  for (let round = 0; round < 200; round++) {
    flood.run(0, 300);
    flood.run(1, 900);
    do await nextTurn();
    while (reader.pendingBytes().some((bytes) => bytes > ringBytes / 4));
  }
  reader.stop();
  const delivered = batches;
  await delay(20);
  assert.equal(batches, delivered, 'no callback after stop');
  while (reader.drain() > 0);
  assert.equal(flood.attempts(0).attempted, 60_000);
  assert.equal(flood.attempts(0).lost + flood.attempts(1).lost, 0);
  for (const lane of [0, 1] as const) assertExact(flood, lane);
  const stats = reader.stats();
  assert.equal(Number(stats.records), (flood.received[0] ?? 0) + (flood.received[1] ?? 0));
  assert.equal(stats.batches, batches);
  assert.equal(stats.oversized, 0n);
  assert.deepEqual(reader.pendingBytes(), [0, 0]);
  reader.close();
});

test('an overfull ring: received and lost are all there was', async () => {
  const flood = new Flood({ ringBytes: 4096 });
  const reader = flood.reader({ batchBytes: 4096, coalesceMs: 1 }, (self, index) => self.release(index));
  reader.start();
  for (let round = 0; round < 20; round++) {
    flood.run(0, 2000);
    await nextTurn();
  }
  reader.stop();
  while (reader.drain() > 0);
  assert.ok(flood.attempts(0).lost > 0);
  assertExact(flood, 0);
});

test('with every buffer held, records stay in the ring and are read after a release', async () => {
  const flood = new Flood();
  const held: number[] = [];
  const reader = flood.reader({ batchBytes: 4096, batches: 2 }, (_, index) => held.push(index));
  reader.start();
  flood.run(0, 300);
  while (held.length < 2 || reader.stats().waitedForBuffer === 0n) await delay(1);
  assert.deepEqual([...held].sort(), [0, 1]);
  assert.ok((reader.pendingBytes()[0] ?? 0) > 0);
  const taken = flood.received[0] ?? 0;
  reader.release(1);
  while (held.length < 3) await delay(1);
  assert.equal(held[2], 1);
  assert.ok((flood.received[0] ?? 0) > taken);
  assert.throws(() => reader.release(7), RangeError);
  reader.release(0);
  assert.throws(() => reader.release(0), RangeError, 'a second time');
  reader.stop(); // while the thread may wait for a buffer
  reader.close();
  reader.release(1); // late, and harmless
});

test('what the thread has taken is delivered by stop', () => {
  const flood = new Flood();
  const reader = flood.reader({}, (self, index) => self.release(index));
  reader.start();
  flood.run(0, 100);
  // No turn of the event loop: nothing can have been delivered before stop.
  while (reader.stats().records === 0n);
  assert.equal(flood.received[0], 0);
  reader.stop();
  assert.equal(BigInt(flood.received[0]), reader.stats().records);
  while (reader.drain() > 0);
  assertExact(flood, 0);
});

test('lane 0 comes first', () => {
  const flood = new Flood();
  const firstBatch: number[] = [];
  const reader = new addon.RingReader(
    { rings: flood.rings, batchBytes: 16384, batches: 1, coalesceMs: 0 },
    (buffer, bytes, records) => {
      flood.check(buffer, bytes, records);
      if (firstBatch.length === 0) firstBatch.push(...flood.received);
    },
  );
  flood.run(1, 300);
  flood.run(0, 30);
  assert.equal(reader.drain(), 1);
  assert.equal(firstBatch[0], flood.attempts(0).attempted - flood.attempts(0).discarded);
  assert.ok((firstBatch[1] ?? 0) > 0);
  assert.throws(() => reader.drain(), failure('ENOBUFS'));
  reader.release(0);
});

test('a record that fits no batch is skipped and counted, and does not hold up the others', () => {
  const flood = new Flood({ bigEvery: 10 });
  const reader = flood.reader({ batchBytes: LENGTH_MAX / 2 }, (self, index) => self.release(index));
  flood.run(0, 40); // 0, 10, 20, 30 are big; 0 is given up
  while (reader.drain() > 0);
  assert.equal(reader.stats().oversized, 3n);
  assertExact(flood, 0, 3);
});

test('a reader starts again, and another one goes on where the first stopped', async () => {
  const flood = new Flood();
  const first = flood.reader({}, (self, index) => self.release(index));
  assert.throws(() => {
    first.start();
    first.start();
  }, failure('EALREADY'));
  assert.throws(() => first.drain(), failure('EBUSY'));
  first.stop();
  first.start();
  flood.run(0, 50);
  while (first.stats().records === 0n) await delay(1);
  first.close();
  assert.throws(() => first.start(), failure('EBADF'));
  flood.run(0, 50);
  const second = flood.reader({}, (self, index) => self.release(index));
  second.drain();
  assertExact(flood, 0);
});

test('the callback may stop the reader', async () => {
  const flood = new Flood();
  let batches = 0;
  const reader = flood.reader({ batchBytes: 4096 }, (self, index) => {
    batches++;
    self.release(index);
    self.stop();
  });
  reader.start();
  flood.run(0, 300);
  while (batches === 0) await delay(1);
  reader.stop();
  const seen = batches;
  await delay(10);
  assert.equal(batches, seen);
  while (reader.drain() > 0);
  assertExact(flood, 0);
});

test('a consumer that never catches up does not keep the event loop', async () => {
  const flood = new Flood({ ringBytes: 1 << 20 });
  const reader = flood.reader({ batchBytes: 4096, batches: 2 }, (self, index) => {
    self.release(index);
    flood.run(0, 200); // more than was taken
  });
  reader.start();
  flood.run(0, 200);
  for (let before = 0n; before < 100n;) {
    await nextTurn();
    const { batches } = reader.stats();
    // The two buffers, once by a wake-up and once by the turn's own call.
    assert.ok(batches - before <= 4n, `${batches - before} batches in one turn`);
    before = batches;
  }
});

test('wrong options are refused', () => {
  const flood = new Flood();
  const options = { rings: flood.rings, batchBytes: 4096, batches: 1, coalesceMs: 0 };
  const none = (): void => {};
  assert.throws(() => new addon.RingReader({ ...options, batchBytes: 100 }, none), RangeError);
  assert.throws(() => new addon.RingReader({ ...options, batches: 0 }, none), RangeError);
  const notARing = [flood.object.map('lanes')];
  assert.throws(
    () => new addon.RingReader({ ...options, rings: notARing }, none),
    failure('EINVAL', /"lanes"/),
  );
});
