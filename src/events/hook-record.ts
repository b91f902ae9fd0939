// SPDX-License-Identifier: Apache-2.0
import { HookEvent, HookValue } from './gen/layouts.ts';
import type { ProcessKey, RecordHeader } from './record.ts';

type Mutable<Shape> = { -readonly [Key in keyof Shape]: Shape[Key] };

const NOTHING = new DataView(new ArrayBuffer(0));
const WORD_BYTES = 8;

/**
 * A hit of a policy's hook, read where it stands in the batch: struct hook_event, the mask of the rules that matched, the
 * values. One object is pointed at each record in turn (no object per record or field), so it is good until the handler
 * returns.
 *
 * A value is named by its place: the offset of its struct hook_value in `view` and `bytes`.
 */
export class HookRecord {
  readonly header: Mutable<RecordHeader> = { cpu: 0, lane: 0, seq: 0, ktime: 0n };
  readonly process: Mutable<ProcessKey> = { tgid: 0, startTime: 0n };
  /** 0n when the kernel side has no record of the image */
  imageTime = 0n;
  generation = 0;
  hook = 0;
  /** of the thread that came by */
  tid = 0;
  /** the batch; places and data offsets are offsets in both */
  view: DataView = NOTHING;
  bytes: Uint8Array = new Uint8Array(0);
  #words = 0;
  #mask = 0;
  #values = 0;
  #end = 0;
  /** where the next search begins: values are asked for in about their own order */
  #cursor = 0;

  /**
   * Points at the record of `length` bytes at `offset`, whose header was checked. Returns why it cannot be read, or
   * undefined when mask and values fill it exactly.
   */
  point(view: DataView, offset: number, length: number): string | undefined {
    if (length < HookEvent.sizeof) return 'hook record shorter than its fixed part';
    if (this.view !== view) {
      this.view = view;
      this.bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    }
    this.#words = view.getUint16(offset + HookEvent.words, true);
    this.#mask = offset + HookEvent.sizeof;
    this.#values = this.#mask + this.#words * WORD_BYTES;
    this.#cursor = this.#values;
    this.#end = offset + length;
    if (!this.#isWhole(view.getUint16(offset + HookEvent.values, true)))
      return 'hook record whose mask and values do not fill it';
    const { header, process } = this;
    header.cpu = view.getUint16(offset + HookEvent.headerCpu, true);
    header.lane = view.getUint8(offset + HookEvent.headerLane);
    header.seq =
      view.getUint32(offset + HookEvent.headerSeq, true) +
      view.getUint32(offset + HookEvent.headerSeq + 4, true) * 0x1_0000_0000;
    header.ktime = view.getBigUint64(offset + HookEvent.headerKtime, true);
    process.tgid = view.getUint32(offset + HookEvent.processTgid, true);
    process.startTime = view.getBigUint64(offset + HookEvent.processStartTime, true);
    this.imageTime = view.getBigUint64(offset + HookEvent.imageTime, true);
    this.generation = view.getUint32(offset + HookEvent.generation, true);
    this.hook = view.getUint32(offset + HookEvent.hook, true);
    this.tid = view.getUint32(offset + HookEvent.tid, true);
    return undefined;
  }

  /** The lowest rule from `first` on that matched; -1 when there is none. */
  nextRule(first: number): number {
    const end = this.#words * 64;
    for (let bit = first; bit < end;) {
      // The words are little-endian, so their halves stand in the order of the bits.
      const rest = this.view.getUint32(this.#mask + (bit >>> 5) * 4, true) >>> (bit & 31);
      if (rest !== 0) return bit + 31 - Math.clz32(rest & -rest);
      bit = (bit | 31) + 1;
    }
    return -1;
  }

  /** The place of the value with this number in `entry`; -1 when the record has none. */
  find(entry: number): number {
    const start = this.#cursor;
    const found = this.#search(entry, start, this.#end);
    return found >= 0 ? found : this.#search(entry, this.#values, start);
  }

  /** The place of the first value at or behind `place` with this number in `entry`; -1 without. 0 begins at the first. */
  next(entry: number, place: number): number {
    return this.#search(entry, Math.max(place, this.#values), this.#end);
  }

  /** Place of the value behind this one. */
  after(place: number): number {
    return place + HookValue.sizeof + ((this.lengthOf(place) + 7) & ~7);
  }

  /** ValueFlag bits. */
  flagsOf(place: number): number {
    return this.view.getUint16(place + HookValue.flags, true);
  }

  /** Bytes of the data. */
  lengthOf(place: number): number {
    return this.view.getUint32(place + HookValue.length, true);
  }

  /** Where the data begins. */
  dataOf(place: number): number {
    return place + HookValue.sizeof;
  }

  #search(entry: number, start: number, end: number): number {
    for (let place = start; place < end; place = this.after(place)) {
      if (this.view.getUint16(place + HookValue.entry, true) !== entry) continue;
      this.#cursor = this.after(place);
      return place;
    }
    return -1;
  }

  #isWhole(count: number): boolean {
    let place = this.#values;
    for (let left = count; left > 0; left--) {
      if (place + HookValue.sizeof > this.#end) return false;
      const room = this.#end - place - HookValue.sizeof;
      const length = this.lengthOf(place);
      if (length > room || ((length + 7) & ~7) > room) return false;
      place = this.after(place);
    }
    return place === this.#end;
  }
}
