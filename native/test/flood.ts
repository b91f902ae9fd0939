// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import type { BpfMap, BpfObject, RingReader, RingReaderOptions } from '../index.d.ts';
import { addon, u32 } from './addon.ts';
import { compile } from './compile.ts';

/** LENGTH_MAX in flood.bpf.c. */
export const LENGTH_MAX = 8192;
const LANES = ['first', 'second'] as const;
const FRAME = new Uint8Array(64);

/** What flood.bpf.c says that it did in one lane. */
export interface Attempts {
  attempted: number;
  lost: number;
  discarded: number;
}

export type BatchHandler = (reader: RingReader, index: number) => void;

const readers = new Set<RingReader>();

/** After a test, failed or not: a running reader would keep the process alive. */
export function closeReaders(): void {
  for (const reader of readers) reader.close();
  readers.clear();
}

/** Fills rings from BPF_PROG_TEST_RUN and checks every record that comes out. */
export class Flood {
  readonly object: BpfObject;
  readonly rings: BpfMap[];
  /** per lane */
  readonly received = [0, 0];
  readonly #next = [0, 0];
  readonly #bigEvery: number;

  constructor(settings: { ringBytes?: number; bigEvery?: number } = {}) {
    this.#bigEvery = settings.bigEvery ?? 0;
    this.object = new addon.BpfObject(compile('flood'));
    this.object.setGlobal('big_every', u32(this.#bigEvery));
    for (const ring of LANES) this.object.setMap(ring, { maxEntries: settings.ringBytes ?? 65536 });
    this.object.load();
    this.rings = LANES.map((name) => this.object.map(name));
  }

  reader(options: Partial<RingReaderOptions>, onBatch: BatchHandler): RingReader {
    const complete = { rings: this.rings, batchBytes: 16384, batches: 4, coalesceMs: 0, ...options };
    const reader: RingReader = new addon.RingReader(complete, (buffer, bytes, records, index) => {
      this.check(buffer, bytes, records);
      onBatch(reader, index);
    });
    readers.add(reader);
    return reader;
  }

  run(lane: 0 | 1, records: number): void {
    this.object.program(`flood_${LANES[lane]}`).testRun({ data: FRAME, repeat: records });
  }

  attempts(lane: 0 | 1): Attempts {
    const state = this.object.map('lanes').get(u32(lane));
    assert.ok(state);
    const [attempted = 0, lost = 0, discarded = 0] = [...new BigUint64Array(state.slice().buffer)].map(
      Number,
    );
    return { attempted, lost, discarded };
  }

  /** Walks a batch: order, lengths, lanes and bytes of its records. */
  check(buffer: ArrayBuffer, bytes: number, records: number): void {
    const view = new DataView(buffer);
    let offset = 0;
    let count = 0;
    for (; offset < bytes; count++) {
      const length = view.getUint32(offset, true);
      const lane = view.getUint32(offset + 4, true);
      const number = Number(view.getBigUint64(offset + 8, true));
      const expected =
        this.#bigEvery > 0 && number % this.#bigEvery === 0 ? LENGTH_MAX : 8 + ((number * 13) % 200);
      if (length !== expected) assert.equal(length, expected, `length of record ${number}`);
      if (number < (this.#next[lane] ?? NaN) || number % 7 === 0)
        assert.fail(`record ${number} is out of order`);
      // flood.bpf.c fills the first 256 bytes behind the number.
      const last = view.getUint8(offset + 7 + Math.min(length, 264));
      if (length > 8 && last !== (number & 0xff)) assert.equal(last, number & 0xff, 'the last byte');
      this.#next[lane] = number + 1;
      this.received[lane] = (this.received[lane] ?? NaN) + 1;
      offset += 8 + Math.ceil(length / 8) * 8;
    }
    assert.equal(offset, bytes);
    assert.equal(count, records);
  }
}
