// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ancestorsOf, Process } from './process.ts';
import { MAX_DEPTH, ProcessTable } from './table.ts';

let now = 1000n;

function make(tgid: number, parent?: Process, startTime = now++): Process {
  return new Process({
    tgid,
    startTime,
    imageTime: now++,
    nsTgid: tgid,
    tid: tgid,
    nodeName: 'node',
    origin: 'fork',
    image: undefined,
    parent,
    inInitTree: false,
  });
}

function add(table: ProcessTable, tgid: number, parent?: Process): Process {
  const process = make(tgid, parent);
  assert.ok(table.insert(process));
  return process;
}

const chain = (process: Process): number[] => [...ancestorsOf(process)].map((ancestor) => ancestor.tgid);

test('an ended ancestor stays while a descendant lives, and leaves with the last', () => {
  const table = new ProcessTable(1 << 20);
  const init = add(table, 1);
  const shell = add(table, 10, init);
  const script = add(table, 11, shell);
  const child = add(table, 12, script);
  table.remove(shell);
  table.remove(script);
  assert.deepEqual(chain(child), [11, 10, 1]);
  assert.equal(table.stats.retained, 2);
  assert.equal(table.findImage({ tgid: 10, imageTime: shell.imageTime }), shell);
  table.remove(child);
  assert.equal(table.stats.retained, 0);
  assert.equal(table.stats.living, 1);
});

test('the account returns to where it was', () => {
  const table = new ProcessTable(1 << 20);
  const init = add(table, 1);
  const empty = table.stats.bytes;
  const parents = [init];
  for (let i = 2; i < 500; i++) parents.push(add(table, i, parents[Math.floor(parents.length / 2)]));
  for (const process of parents.slice(1)) table.remove(process);
  assert.equal(table.stats.bytes, empty);
  assert.equal(table.stats.retained, 0);
  assert.equal(init.children, 0);
});

test('a new image takes the place of the earlier one and keeps the parent, even one that has ended', () => {
  const table = new ProcessTable(1 << 20);
  const init = add(table, 1);
  const parent = add(table, 5, init);
  const first = add(table, 10, parent);
  table.remove(parent);
  const second = make(10, parent, first.startTime);
  assert.ok(table.insert(second));
  assert.equal(table.find(first), second);
  assert.equal(table.findImage({ tgid: 5, imageTime: parent.imageTime }), parent);
  assert.deepEqual(chain(second), [5, 1]);
  assert.equal(table.stats.lostExits, 0);
});

test('a process id used again ends the process whose end was lost', () => {
  const table = new ProcessTable(1 << 20);
  const init = add(table, 1);
  const old = add(table, 10, init);
  const fresh = add(table, 10, init);
  assert.equal(table.find(old), undefined);
  assert.equal(table.find(fresh), fresh);
  assert.equal(table.stats.lostExits, 1);
});

test('a chain of forks that end at once stays bounded and is marked', () => {
  const table = new ProcessTable(1 << 20);
  let last = add(table, 1);
  const init = last;
  for (let i = 2; i < 20_000; i++) {
    const next = add(table, i, last);
    if (last !== init) table.remove(last);
    last = next;
  }
  assert.ok(table.stats.retained <= MAX_DEPTH + 1, `retained ${table.stats.retained}`);
  assert.equal(table.stats.refused, 0);
  assert.equal(chain(last).at(-1), 1);
  assert.ok([...ancestorsOf(last)].some((ancestor) => ancestor.cut));
  table.remove(last);
  assert.equal(table.stats.retained, 0);
});

test('living ancestors are never given up, however deep', () => {
  const table = new ProcessTable(1 << 24);
  let last = add(table, 1);
  for (let i = 2; i <= 1000; i++) last = add(table, i, last);
  assert.equal(chain(last).length, 999);
  assert.equal(table.stats.pruned, 0);
});

test('a full table refuses and counts, and takes again after an end', () => {
  const table = new ProcessTable(420 * 10);
  const init = add(table, 1);
  const children = Array.from({ length: 9 }, (_, i) => add(table, 100 + i, init));
  const refused = make(200, init);
  assert.equal(table.insert(refused), false);
  assert.equal(table.stats.refused, 1);
  assert.equal(init.children, 9);
  table.remove(children[0] as Process);
  assert.ok(table.insert(make(201, init)));
});

test('sweep ends what is no longer there', () => {
  const table = new ProcessTable(1 << 20);
  const init = add(table, 1);
  for (let i = 2; i < 100; i++) add(table, i, init);
  assert.equal(
    table.sweep((process) => process.tgid % 2 === 1),
    49,
  );
  assert.equal(table.stats.living, 50);
  assert.equal(table.stats.lostExits, 49);
});
