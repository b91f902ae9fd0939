// SPDX-License-Identifier: Apache-2.0
/** Writes hook records as the kernel side does: for tests of what reads them. */
import { EventLane, EventType, HookEvent, HookValue } from './gen/layouts.ts';
import { HookRecord } from './hook-record.ts';

/** One value of a record; value-testing.ts makes the data of each form. */
export interface HookValueBytes {
  /** position in the hook's values, or a ValueEntry */
  readonly entry: number;
  readonly data: Uint8Array;
  /** ValueFlag bits */
  readonly flags?: number;
}

export interface HookRecordFields {
  readonly cpu: number;
  readonly lane: number;
  readonly seq: bigint;
  readonly ktime: bigint;
  readonly tgid: number;
  readonly startTime: bigint;
  readonly imageTime: bigint;
  readonly generation: number;
  readonly hook: number;
  readonly tid: number;
  /** bits of the mask that are set */
  readonly rules: readonly number[];
  /** of the mask; by default as many as the rules need */
  readonly words: number;
  readonly values: readonly HookValueBytes[];
}

const FRAME_BYTES = 8;

/** A record as it lies in the ring: pid 100 hits hook 1 of generation 1, and rule 0 matches. */
export function hookRecordBytes(changes: Partial<HookRecordFields> = {}): Uint8Array<ArrayBuffer> {
  const { rules = [0], values = [], tgid = 100 } = changes;
  const words = changes.words ?? Math.floor(Math.max(0, ...rules) / 64) + 1;
  const mask = HookEvent.sizeof;
  const size = mask + words * 8 + values.reduce((sum, { data }) => sum + sizeOfValue(data), 0);
  const record = new Uint8Array(size);
  const view = new DataView(record.buffer);
  view.setUint32(HookEvent.headerSize, size, true);
  view.setUint16(HookEvent.headerCpu, changes.cpu ?? 0, true);
  view.setUint8(HookEvent.headerType, EventType.EVENT_HOOK);
  view.setUint8(HookEvent.headerLane, changes.lane ?? EventLane.LANE_TELEMETRY);
  view.setBigUint64(HookEvent.headerSeq, changes.seq ?? 1n, true);
  view.setBigUint64(HookEvent.headerKtime, changes.ktime ?? 5000n, true);
  view.setBigUint64(HookEvent.processStartTime, changes.startTime ?? 1000n, true);
  view.setUint32(HookEvent.processTgid, tgid, true);
  view.setBigUint64(HookEvent.imageTime, changes.imageTime ?? 1100n, true);
  view.setUint32(HookEvent.generation, changes.generation ?? 1, true);
  view.setUint32(HookEvent.hook, changes.hook ?? 1, true);
  view.setUint32(HookEvent.tid, changes.tid ?? tgid, true);
  view.setUint16(HookEvent.words, words, true);
  view.setUint16(HookEvent.values, values.length, true);
  for (const rule of rules) {
    const byte = mask + Math.floor(rule / 8);
    view.setUint8(byte, view.getUint8(byte) | (1 << (rule % 8)));
  }
  writeValues(record, mask + words * 8, values);
  return record;
}

function sizeOfValue(data: Uint8Array): number {
  return HookValue.sizeof + ((data.length + 7) & ~7);
}

function writeValues(
  record: Uint8Array<ArrayBuffer>,
  start: number,
  values: readonly HookValueBytes[],
): void {
  const view = new DataView(record.buffer);
  let place = start;
  for (const { entry, data, flags = 0 } of values) {
    view.setUint16(place + HookValue.entry, entry, true);
    view.setUint16(place + HookValue.flags, flags, true);
    view.setUint32(place + HookValue.length, data.length, true);
    record.set(data, place + HookValue.sizeof);
    place += sizeOfValue(data);
  }
}

/** The same, decoded. Throws when HookRecord refuses it. */
export function hookRecord(changes: Partial<HookRecordFields> = {}): HookRecord {
  const bytes = hookRecordBytes(changes);
  const record = new HookRecord();
  const reason = record.point(new DataView(bytes.buffer), 0, bytes.length);
  if (reason !== undefined) throw new Error(reason);
  return record;
}

/** Records with the ring reader's framing, as decodeBatch() takes them. */
export function batchOf(records: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const sizes = records.map(({ length }) => FRAME_BYTES + ((length + 7) & ~7));
  const batch = new Uint8Array(sizes.reduce((sum, size) => sum + size, 0));
  let offset = 0;
  for (const [index, record] of records.entries()) {
    new DataView(batch.buffer).setUint32(offset, record.length, true);
    batch.set(record, offset + FRAME_BYTES);
    offset += sizes[index] ?? 0;
  }
  return batch;
}
