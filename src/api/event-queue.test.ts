// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventQueue } from './event-queue.ts';

const encoder = new TextEncoder();

function push(queue: EventQueue, ...lines: string[]): void {
  queue.push(encoder.encode(lines.map((line) => `${line}\n`).join('')), lines.length);
}

function takeAll(queue: EventQueue): unknown[] {
  const taken = [];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) taken.push(next);
  return taken;
}

test('lines come out in order, also when the given bytes change afterwards', () => {
  const queue = new EventQueue({ events: 10, bytes: 1000 });
  const chunk = encoder.encode('é\nb\n');
  queue.push(chunk, 2);
  chunk.fill(0);
  push(queue, 'c');
  assert.deepEqual(takeAll(queue), ['é', 'b', 'c']);
  assert.equal(queue.lost, 0);
});

test('what does not fit by count is lost whole and comes out as one loss in its place', () => {
  const queue = new EventQueue({ events: 3, bytes: 1000 });
  push(queue, 'a', 'b');
  push(queue, 'c', 'd');
  push(queue, 'e', 'f', 'g');
  push(queue, 'h');
  assert.deepEqual(takeAll(queue), ['a', 'b', { count: 5, first: 'c', last: 'g' }, 'h']);
  assert.equal(queue.lost, 5);
});

test('a loss at the end comes out after everything else, and room comes back', () => {
  const queue = new EventQueue({ events: 100, bytes: 4 });
  push(queue, 'a', 'b');
  push(queue, 'c');
  assert.deepEqual(takeAll(queue), ['a', 'b', { count: 1, first: 'c', last: 'c' }]);
  push(queue, 'd', 'e');
  assert.deepEqual(takeAll(queue), ['d', 'e']);
  assert.equal(queue.lost, 1);
});

test('lines and losses together are always what was pushed', () => {
  const queue = new EventQueue({ events: 7, bytes: 40 });
  let pushed = 0;
  let got = 0;
  const take = (next: ReturnType<EventQueue['shift']>) => {
    if (next !== undefined) got += typeof next === 'string' ? 1 : next.count;
  };
  for (let i = 0; i < 1000; i++) {
    const lines = Array.from({ length: i % 5 }, (_, n) => `${i}.${n}`);
    push(queue, ...lines);
    pushed += lines.length;
    for (let n = 0; n < i % 3; n++) take(queue.shift());
  }
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) take(next);
  assert.equal(got, pushed);
  assert(queue.lost > 0 && queue.lost < pushed);
});
