// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, test } from 'node:test';
import { decodeBatch, decodeRecord } from './decode.ts';
import type { RecordHandler } from './decode.ts';
import { EventType, ExecEvent, ExecFlag, ForkEvent } from './gen/layouts.ts';
import type { ExecRecord, ExitRecord, ForkRecord, TracepointRecord } from './record.ts';

/** A batch of a real kernel (test/fixtures/record-batch.ts). */
const BATCH = readFileSync(resolve(import.meta.dirname, '../../test/fixtures/process-batch.bin'));
const FRAME_BYTES = 8;

interface Decoded {
  execs: ExecRecord[];
  forks: ForkRecord[];
  exits: ExitRecord[];
  tracepoints: TracepointRecord[];
  hooks: number;
  invalid: string[];
}

function collector(): { handler: RecordHandler; decoded: Decoded } {
  const decoded: Decoded = { execs: [], forks: [], exits: [], tracepoints: [], hooks: 0, invalid: [] };
  const handler: RecordHandler = {
    exec: (record) => decoded.execs.push(record),
    fork: (record) => decoded.forks.push(record),
    exit: (record) => decoded.exits.push(record),
    tracepoint: (record) => decoded.tracepoints.push(record),
    hook: () => decoded.hooks++,
    invalid: (reason) => decoded.invalid.push(reason),
  };
  return { handler, decoded };
}

function decode(bytes: Uint8Array, length = bytes.length): Decoded {
  const { handler, decoded } = collector();
  const copy = new Uint8Array(bytes);
  decodeBatch(copy.buffer, length, handler);
  return decoded;
}

function count({ execs, forks, exits, tracepoints, hooks, invalid }: Decoded): number {
  return execs.length + forks.length + exits.length + tracepoints.length + hooks + invalid.length;
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

/** Offsets of the frames of a well-formed batch. */
function framesOf(batch: Buffer): number[] {
  const offsets: number[] = [];
  for (let offset = 0; offset < batch.length;) {
    offsets.push(offset);
    offset += FRAME_BYTES + ((batch.readUInt32LE(offset) + 7) & ~7);
  }
  return offsets;
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

describe('a recorded batch', () => {
  const { execs, forks, exits, invalid } = decode(BATCH);

  test('is read whole', () => {
    assert.deepEqual(invalid, []);
    assert.equal(execs.length + forks.length + exits.length, framesOf(BATCH).length);
    assert.ok(execs.every(({ header }) => header.lane === 0 && header.seq > 0 && header.ktime > 0n));
  });

  test('names what was executed', () => {
    const [launcher, child] = execs;
    assert.equal(text(launcher?.path ?? new Uint8Array()), '/mnt/exec-by-vfork');
    assert.equal(text(child?.path ?? new Uint8Array()), '/mnt/end');
    assert.equal(text(child?.args ?? new Uint8Array()), './end\x004\0two words\0');
    assert.equal(child?.argc, 3);
    assert.equal(text(child.cwd), '/mnt');
    assert.deepEqual(child.parent, { tgid: launcher?.process.tgid, imageTime: launcher?.imageTime });
    assert.equal(child.credentials.uid, 0);
    assert.ok(child.namespaces.pid > 0);
  });

  test('has the bytes of arguments as they were', () => {
    assert.ok(execs.some(({ args }) => text(args) === './end\x000\0\xff\xfe\0\0'));
  });

  test('tells an exec from a thread, a script, and a signal', () => {
    const fromThread = execs.find(({ flags }) => (flags & ExecFlag.EXEC_FROM_THREAD) !== 0);
    assert.notEqual(fromThread?.tid, fromThread?.process.tgid);
    const script = execs.find(({ flags }) => (flags & ExecFlag.EXEC_SCRIPT) !== 0);
    assert.equal(text(script?.script ?? new Uint8Array()), './script');
    assert.ok(exits.some(({ code }) => code === 9));
    assert.ok(exits.some(({ code }) => code === 4 << 8));
  });

  test('each exit names the image that an exec told of', () => {
    for (const { process, imageTime } of exits)
      assert.ok(execs.some((exec) => exec.process.tgid === process.tgid && exec.imageTime === imageTime));
  });
});

describe('a damaged batch', () => {
  test('cut at every byte: what is whole is read, the rest is counted once', () => {
    const frames = framesOf(BATCH);
    for (let length = 0; length < BATCH.length; length++) {
      const whole = frames.filter((offset) => {
        // The last record's padding may be missing.
        return offset + FRAME_BYTES + BATCH.readUInt32LE(offset) <= length;
      });
      const decoded = decode(BATCH, length);
      const last = whole.at(-1);
      const end = last === undefined ? 0 : last + FRAME_BYTES + ((BATCH.readUInt32LE(last) + 7) & ~7);
      assert.equal(
        decoded.invalid.length,
        length > end ? 1 : 0,
        `${length} bytes: ${decoded.invalid.join()}`,
      );
      assert.equal(count(decoded) - decoded.invalid.length, whole.length, `${length} bytes`);
    }
  });

  test('a longer length than the buffer has', () => {
    assert.equal(count(decode(BATCH, BATCH.length + 1_000)), framesOf(BATCH).length);
  });

  test('each size, type and tail length changed: that record is counted, the others are read', () => {
    const frames = framesOf(BATCH);
    for (const [index, offset] of frames.entries()) {
      const record = offset + FRAME_BYTES;
      const isExec = BATCH[record + ExecEvent.headerType] === EventType.EVENT_EXEC;
      const fields = [
        ExecEvent.headerSize,
        ExecEvent.headerType,
        ...(isExec ? [ExecEvent.pathLength, ExecEvent.envLength] : []),
      ];
      for (const field of fields) {
        const damaged = Buffer.from(BATCH);
        damaged[record + field] = (damaged[record + field] ?? 0) + 100;
        const decoded = decode(damaged);
        assert.equal(decoded.invalid.length, 1, `record ${index}, field at ${field}`);
        assert.equal(count(decoded), frames.length);
      }
    }
  });

  test('a record of one type with the size of another', () => {
    const view = new DataView(new ArrayBuffer(ForkEvent.sizeof));
    view.setUint32(ExecEvent.headerSize, ForkEvent.sizeof, true);
    for (const type of [EventType.EVENT_EXEC, EventType.EVENT_EXIT, EventType.EVENT_TRACEPOINT, 0, 200]) {
      view.setUint8(ExecEvent.headerType, type);
      const { handler, decoded } = collector();
      decodeRecord(view, 0, ForkEvent.sizeof, handler);
      assert.equal(decoded.invalid.length, 1, `type ${type}`);
      assert.equal(count(decoded), 1);
    }
  });

  test('an empty record', () => {
    assert.deepEqual(decode(new Uint8Array(FRAME_BYTES)).invalid.length, 1);
  });

  test('bytes changed at random: nothing throws, and each frame is read or counted', () => {
    const next = random(1);
    for (let run = 0; run < 5_000; run++) {
      const damaged = Buffer.from(BATCH);
      for (let change = next(8); change >= 0; change--) damaged[next(damaged.length)] = next(256);
      const decoded = decode(damaged);
      assert.ok(count(decoded) > 0);
      for (const { path, args, env } of decoded.execs)
        assert.ok(path.length + args.length + env.length <= BATCH.length, `run ${run}`);
    }
  });

  test('random bytes: nothing throws', () => {
    const next = random(2);
    for (let run = 0; run < 5_000; run++) {
      const bytes = Uint8Array.from({ length: next(2_000) }, () => next(256));
      // Short lengths, so that records are looked into.
      if (bytes.length > FRAME_BYTES) bytes.set([next(256), next(2), 0, 0]);
      const decoded = decode(bytes);
      assert.equal(count(decoded) > 0, bytes.length > 0, `run ${run}`);
    }
  });
});
