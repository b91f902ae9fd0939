// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { BpfMap } from '../index.d.ts';
import { addon, asU64, failure, u32, u64 } from './addon.ts';

const HASH = 1;
const ARRAY = 2;
const PERCPU_ARRAY = 6;
const LPM_TRIE = 11;
const ARRAY_OF_MAPS = 12;
const NO_PREALLOC = 1;
const NOEXIST = 1;
const MMAPABLE = 1024;

function create(
  type: number,
  maxEntries: number,
  change: { keySize?: number; valueSize?: number; flags?: number } = {},
): BpfMap {
  return addon.BpfMap.create({
    name: 'test',
    type,
    keySize: 4,
    valueSize: 8,
    maxEntries,
    flags: 0,
    ...change,
  });
}

test('entries are set, read, walked and deleted', () => {
  const map = create(HASH, 4);
  assert.equal(map.get(u32(1)), undefined);
  assert.equal(map.nextKey(), undefined);
  map.set(u32(1), u64(11n));
  map.set(u32(2), u64(22n));
  assert.deepEqual(map.get(u32(1)), u64(11n));
  assert.throws(() => map.set(u32(1), u64(1n), NOEXIST), failure('EEXIST', /"test"/));
  const first = map.nextKey();
  assert.ok(first);
  const second = map.nextKey(first);
  assert.ok(second);
  assert.deepEqual(new Set([first.join(), second.join()]), new Set([u32(1).join(), u32(2).join()]));
  assert.equal(map.nextKey(second), undefined);
  assert.equal(map.delete(u32(1)), true);
  assert.equal(map.delete(u32(1)), false);
  for (let key = 10; key < 13; key++) map.set(u32(key), u64(0n));
  assert.throws(() => map.set(u32(99), u64(0n)), failure('E2BIG'));
});

test('sizes that do not fit are refused', () => {
  const map = create(HASH, 4);
  assert.throws(
    () => map.get(new Uint8Array(3)),
    failure('EINVAL', /3 bytes as a key of the map "test": it takes 4/),
  );
  assert.throws(() => map.set(u32(1), u32(1)), failure('EINVAL', /4 bytes as a value/));
  assert.throws(() => map.setBatch(u32(1, 2), u64(1n), 2), failure('EINVAL', /the values/));
  assert.throws(() => create(HASH, 0), failure('EINVAL', /Cannot create the map "test"/));
});

test('batches go through the whole map', () => {
  const map = create(HASH, 1000);
  const keys = Array.from({ length: 1000 }, (_, i) => i);
  map.setBatch(u32(...keys), u64(...keys.map((key) => BigInt(key * 3))), keys.length);
  const seen = new Map<number, bigint>();
  let cursor: Uint8Array | undefined;
  do {
    const batch = map.getBatch(cursor, 300);
    assert.equal(batch.keys.length, batch.count * 4);
    const values = asU64(batch.values);
    new Uint32Array(batch.keys.slice().buffer).forEach((key, i) => seen.set(key, values[i] ?? -1n));
    cursor = batch.cursor;
  } while (cursor !== undefined);
  assert.equal(seen.size, 1000);
  assert.ok(keys.every((key) => seen.get(key) === BigInt(key * 3)));
  map.deleteBatch(u32(...keys.slice(0, 999)), 999);
  assert.deepEqual(map.nextKey(), u32(999));
});

test('a per-CPU value is that of every CPU', () => {
  const map = create(PERCPU_ARRAY, 2, { valueSize: 4 });
  const cpus = addon.possibleCpus();
  const values = new Uint8Array(cpus * 8);
  for (let cpu = 0; cpu < cpus; cpu++) values[cpu * 8] = cpu + 1;
  map.set(u32(1), values);
  assert.deepEqual(map.get(u32(1)), values);
  assert.throws(() => map.set(u32(1), u32(1)), failure('EINVAL', new RegExp(`it takes ${cpus * 8}`)));
  const batch = map.getBatch(undefined, 10);
  assert.equal(batch.count, 2);
  assert.deepEqual(batch.values.slice(cpus * 8), values);
});

test('tries and maps of maps', () => {
  const trie = create(LPM_TRIE, 10, { keySize: 8, flags: NO_PREALLOC });
  trie.set(new Uint8Array([8, 0, 0, 0, 10, 0, 0, 0]), u64(1n));
  trie.set(new Uint8Array([16, 0, 0, 0, 10, 1, 0, 0]), u64(2n));
  const full = (a: number, b: number): Uint8Array => new Uint8Array([32, 0, 0, 0, a, b, 0, 0]);
  assert.deepEqual(trie.get(full(10, 1)), u64(2n));
  assert.deepEqual(trie.get(full(10, 9)), u64(1n));
  assert.equal(trie.get(full(11, 0)), undefined);

  const inner = create(HASH, 4);
  const outer = addon.BpfMap.create({
    ...{ name: 'outer', type: ARRAY_OF_MAPS, keySize: 4, valueSize: 4, maxEntries: 2, flags: 0 },
    innerMapFd: inner.fd,
  });
  outer.set(u32(0), u32(inner.fd));
  assert.deepEqual(outer.get(u32(0)), u32(inner.info().id));
});

test('mapped memory is the map, until it is closed', () => {
  const map = create(ARRAY, 1000, { valueSize: 4, flags: MMAPABLE });
  const buffer = map.mmap(true);
  const cells = new BigUint64Array(buffer);
  assert.equal(cells.length, 1000, 'each value is padded to 8');
  cells[999] = 77n;
  assert.deepEqual(map.get(u32(999)), u32(77));
  map.set(u32(3), u32(33));
  assert.equal(cells[3], 33n);
  assert.throws(() => map.mmap(true), failure('EBUSY'));
  map.close();
  assert.equal(buffer.byteLength, 0);
  assert.equal(cells.length, 0);
  assert.throws(() => map.get(u32(0)), failure('EBADF', /closed map "test"/));
  map.close();
});

test('mapped memory outlives a handle that was collected', async () => {
  const cells = new BigUint64Array(create(ARRAY, 10, { flags: MMAPABLE }).mmap(true));
  for (let i = 0; i < 20; i++) {
    globalThis.gc?.();
    await new Promise(setImmediate);
  }
  cells[9] = 5n;
  assert.equal(cells[9], 5n);
  assert.throws(() => create(HASH, 10).mmap(true), failure('EOPNOTSUPP'));
});

test('a frozen map takes no change from user space', () => {
  const map = create(ARRAY, 1);
  map.set(u32(0), u64(1n));
  map.freeze();
  assert.throws(() => map.set(u32(0), u64(2n)), failure('EPERM'));
  assert.deepEqual(map.get(u32(0)), u64(1n));
});
