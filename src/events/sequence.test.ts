// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Gap } from './sequence.ts';
import { SequenceTracker } from './sequence.ts';

function tracker(delivered = 0, declared = 0): { sequence: SequenceTracker; gaps: Gap[] } {
  const gaps: Gap[] = [];
  const place = { lane: 1, cpu: 3, delivered, declared, ktime: 0n };
  return { sequence: new SequenceTracker(place, (gap) => gaps.push(gap)), gaps };
}

test('records in order leave no gap', () => {
  const { sequence, gaps } = tracker();
  for (let seq = 1; seq <= 1000; seq++) sequence.arrived(seq, BigInt(seq));
  sequence.look({ seq: 1000, lost: 0 }, 2000n);
  assert.deepEqual(gaps, []);
  assert.equal(sequence.settled, 1000);
});

test('records a few places out of order leave no gap', () => {
  const { sequence, gaps } = tracker();
  for (const seq of [1, 4, 3, 2, 7, 6, 5, 8]) sequence.arrived(seq, BigInt(seq));
  sequence.look({ seq: 8, lost: 0 }, 9n);
  sequence.look({ seq: 8, lost: 0 }, 9n);
  assert.deepEqual(gaps, []);
});

test('a hole is declared at the second look, with its neighbours as times', () => {
  const { sequence, gaps } = tracker();
  for (const seq of [1, 2, 6, 7]) sequence.arrived(seq, BigInt(seq * 10));
  sequence.look({ seq: 7, lost: 3 }, 100n);
  assert.deepEqual(gaps, []);
  sequence.look({ seq: 7, lost: 3 }, 200n);
  assert.deepEqual(gaps, [{ lane: 1, cpu: 3, lost: 3, from: 20n, to: 60n }]);
});

test('a hole is declared once enough later records have arrived, without a look', () => {
  const { sequence, gaps } = tracker();
  sequence.arrived(1, 1n);
  for (let seq = 3; seq < 3 + 64; seq++) sequence.arrived(seq, BigInt(seq));
  assert.equal(gaps.length, 1);
  assert.equal(gaps[0]?.lost, 1);
  assert.equal(sequence.settled, 66);
});

test('a lost tail is declared only when the kernel counted all of it as lost', () => {
  const { sequence, gaps } = tracker();
  for (let seq = 1; seq <= 5; seq++) sequence.arrived(seq, BigInt(seq));
  // Two of the three are still on their way.
  for (let look = 0; look < 5; look++) sequence.look({ seq: 8, lost: 1 }, 50n);
  assert.deepEqual(gaps, []);
  sequence.look({ seq: 8, lost: 3 }, 60n);
  assert.deepEqual(gaps, [{ lane: 1, cpu: 3, lost: 3, from: 5n, to: 60n }]);
  sequence.look({ seq: 8, lost: 3 }, 80n);
  assert.equal(gaps.length, 1);
});

test('after a restart the hole between delivered and the first record is a gap', () => {
  const { sequence, gaps } = tracker(10, 2);
  sequence.arrived(13, 130n);
  sequence.look({ seq: 13, lost: 2 }, 200n, true);
  assert.deepEqual(gaps, [{ lane: 1, cpu: 3, lost: 2, from: 0n, to: 130n }]);
  assert.equal(sequence.declared, 2);
});

test('received plus declared is what was numbered, whatever is lost', () => {
  let state = 12345;
  const random = (): number => (state = (state * 1103515245 + 12345) % 2147483648) / 2147483648;
  for (let round = 0; round < 50; round++) {
    const { sequence, gaps } = tracker();
    const arriving: number[] = [];
    let lost = 0;
    for (let seq = 1; seq <= 2000; seq++) {
      if (random() < 0.3) lost++;
      else arriving.push(seq);
    }
    // Neighbours change places, as on a real ring.
    for (let i = 0; i + 1 < arriving.length; i += 2) {
      if (random() < 0.2) [arriving[i], arriving[i + 1]] = [arriving[i + 1] as number, arriving[i] as number];
    }
    for (const seq of arriving) sequence.arrived(seq, BigInt(seq));
    for (let look = 0; look < 3; look++) sequence.look({ seq: 2000, lost }, 5000n);
    assert.equal(gaps.reduce((sum, gap) => sum + gap.lost, 0) + arriving.length, 2000);
    assert.equal(sequence.late, 0);
    assert.equal(sequence.settled, 2000);
  }
});
