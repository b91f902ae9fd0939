// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RecordHandler } from './decode.ts';
import { decodeBatch } from './decode.ts';
import { EventType, HookEvent, HookValue, ValueEntry, ValueFlag } from './gen/layouts.ts';
import type { HookRecord } from './hook-record.ts';
import { batchOf, hookRecord, hookRecordBytes } from './testing.ts';
import { valueData } from './value-testing.ts';

const SAMPLE = hookRecordBytes({
  ...{ cpu: 3, seq: 2n ** 33n + 7n, ktime: 123_456_789_012n, tgid: 4242, startTime: 77n, imageTime: 99n },
  ...{ generation: 5, hook: 9, tid: 4243, rules: [1, 64, 130] },
  values: [
    { entry: 0, data: valueData.path('/etc/shadow') },
    { entry: 2, data: valueData.number(-1) },
    { entry: 1, data: valueData.bytes('odd'), flags: ValueFlag.VALUE_TRUNCATED },
    { entry: ValueEntry.VALUE_SIZE, data: valueData.size(1000n, 1) },
    { entry: ValueEntry.VALUE_SOCK_OWNER, data: valueData.sockOwner(1, 2n, 0) },
    { entry: ValueEntry.VALUE_SOCK_OWNER, data: valueData.sockOwner(3, 4n, 2) },
  ],
});

/** Reads everything that a record offers, as an encoder would. */
function readAll(record: HookRecord): number {
  let bytes = record.nextRule(0) + record.nextRule(31);
  for (const entry of [0, 1, 2, 500, ...Object.values(ValueEntry)]) {
    const place = record.find(entry);
    if (place < 0) continue;
    const start = record.dataOf(place);
    bytes += record.bytes.subarray(start, start + record.lengthOf(place)).length + record.flagsOf(place);
    assert.ok(start + record.lengthOf(place) <= record.view.byteLength);
  }
  return bytes;
}

const fail = (): never => assert.fail();

interface Decoded {
  hooks: number;
  others: number;
  invalid: string[];
}

function decode(batch: Uint8Array<ArrayBuffer>): Decoded {
  const decoded: Decoded = { hooks: 0, others: 0, invalid: [] };
  const other = (): number => decoded.others++;
  const handler: RecordHandler = {
    ...{ exec: other, fork: other, exit: other, tracepoint: other },
    hook: (record) => {
      readAll(record);
      decoded.hooks++;
    },
    invalid: (reason) => decoded.invalid.push(reason),
  };
  decodeBatch(batch.buffer, batch.length, handler);
  return decoded;
}

/** A small generator with a seed (mulberry32), so that a failure can be seen again. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

describe('a hook record', () => {
  test('has its fixed fields', () => {
    decodeBatch(batchOf([SAMPLE]).buffer, 4096, {
      ...{ exec: fail, fork: fail, exit: fail, tracepoint: fail, invalid: fail },
      hook: (record) => {
        assert.deepEqual(record.header, { cpu: 3, lane: 1, seq: 2 ** 33 + 7, ktime: 123_456_789_012n });
        assert.deepEqual(record.process, { tgid: 4242, startTime: 77n });
        assert.deepEqual([record.imageTime, record.generation, record.hook, record.tid], [99n, 5, 9, 4243]);
      },
    });
  });

  test('names the rules that matched', () => {
    const record = hookRecord({ rules: [1, 31, 64, 130] });
    const rules: number[] = [];
    for (let rule = record.nextRule(0); rule >= 0; rule = record.nextRule(rule + 1)) rules.push(rule);
    assert.deepEqual(rules, [1, 31, 64, 130]);
    assert.equal(record.nextRule(131), -1);
    assert.equal(record.nextRule(5000), -1);
    assert.equal(hookRecord({ rules: [], words: 0 }).nextRule(0), -1);
    assert.equal(hookRecord({ rules: [], words: 3 }).nextRule(0), -1);
    for (let rule = 0; rule < 200; rule++)
      assert.equal(hookRecord({ rules: [rule] }).nextRule(0), rule, `rule ${rule}`);
  });

  test('finds its values in any order, and those that come more than once', () => {
    const record = hookRecord({
      values: [
        { entry: 0, data: valueData.bytes('zero') },
        { entry: 2, data: valueData.bytes('') },
        { entry: 1, data: valueData.bytes('one'), flags: ValueFlag.VALUE_TRUNCATED },
        { entry: ValueEntry.VALUE_SIZE, data: valueData.size(5n, 1) },
        { entry: ValueEntry.VALUE_SIZE, data: valueData.size(6n, 0) },
      ],
    });
    const text = (entry: number): string | undefined => {
      const place = record.find(entry);
      const start = record.dataOf(place);
      return place < 0
        ? undefined
        : Buffer.from(record.bytes.subarray(start, start + record.lengthOf(place))).toString();
    };
    assert.deepEqual([0, 1, 2, 0, 2, 1, 3, 1].map(text), [
      ...['zero', 'one', '', 'zero', '', 'one', undefined, 'one'],
    ]);
    assert.equal(record.flagsOf(record.find(1)), ValueFlag.VALUE_TRUNCATED);
    const sizes: bigint[] = [];
    for (
      let place = record.next(ValueEntry.VALUE_SIZE, 0);
      place >= 0;
      place = record.next(ValueEntry.VALUE_SIZE, record.after(place))
    )
      sizes.push(record.view.getBigUint64(record.dataOf(place), true));
    assert.deepEqual(sizes, [5n, 6n]);
  });
});

describe('a damaged hook record', () => {
  test('cut or lengthened, with its size set to match: invalid', () => {
    for (let length = 0; length < SAMPLE.length + 64; length += 1) {
      if (length === SAMPLE.length) continue;
      const record = new Uint8Array(length);
      record.set(SAMPLE.subarray(0, length));
      if (length >= 4) new DataView(record.buffer).setUint32(HookEvent.headerSize, length, true);
      const decoded = decode(batchOf([record, SAMPLE]));
      assert.equal(decoded.invalid.length, 1, `${length} bytes`);
      assert.equal(decoded.hooks, 1, `${length} bytes`);
    }
  });

  test('counts and lengths that lead outside: invalid, and the next record is read', () => {
    const firstValue = HookEvent.sizeof + 3 * 8;
    const changes: [offset: number, value: number, bytes: 2 | 4][] = [
      ...[0, 1, 2, 4, 5, 0xffff].map((words): [number, number, 2] => [HookEvent.words, words, 2]),
      ...[0, 5, 7, 0xffff].map((values): [number, number, 2] => [HookEvent.values, values, 2]),
      ...[0, 1, 24, 1000, 0x7fff_ffff, 0x8000_0000, 0xffff_fff8, 0xffff_ffff].map(
        (length): [number, number, 4] => [firstValue + HookValue.length, length, 4],
      ),
    ];
    for (const [offset, value, bytes] of changes) {
      const record = Uint8Array.from(SAMPLE);
      const view = new DataView(record.buffer);
      if (bytes === 2) view.setUint16(offset, value, true);
      else view.setUint32(offset, value, true);
      const { hooks, invalid } = decode(batchOf([record, SAMPLE]));
      assert.deepEqual([hooks, invalid.length], [1, 1], `${value} at ${offset}`);
    }
  });

  test('bytes changed at random: nothing throws, and each record is read or counted', () => {
    const next = random(3);
    for (let run = 0; run < 20_000; run++) {
      const batch = batchOf([SAMPLE, SAMPLE]);
      for (let change = next(6); change >= 0; change--) batch[next(batch.length)] = next(256);
      const { hooks, others, invalid } = decode(batch);
      assert.ok(hooks + others + invalid.length > 0, `run ${run}`);
    }
  });

  test('random bytes behind a good header: nothing throws', () => {
    const next = random(4);
    let read = 0;
    for (let run = 0; run < 20_000; run++) {
      const record = Uint8Array.from({ length: 64 + next(400) }, () => next(256));
      const view = new DataView(record.buffer);
      view.setUint32(HookEvent.headerSize, record.length, true);
      view.setUint8(HookEvent.headerType, EventType.EVENT_HOOK);
      view.setUint16(HookEvent.words, next(3), true);
      view.setUint16(HookEvent.values, next(3), true);
      const { hooks, invalid } = decode(batchOf([record]));
      assert.equal(hooks + invalid.length, 1, `run ${run}`);
      read += hooks;
    }
    assert.ok(read < 20_000);
  });
});
