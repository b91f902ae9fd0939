// SPDX-License-Identifier: Apache-2.0
import { countMissed, firstLineEnd, viewOf } from './lines.ts';
import type { GapLine } from './sink.ts';

interface Span {
  count: number;
  fromNs: bigint;
  toNs: bigint;
}

const NONE: Readonly<Span> = { count: 0, fromNs: 0n, toNs: 0n };

/** Events that a sink has lost: those that no gap record has told of yet, and the sum since the start. */
export class Loss {
  #pending: Readonly<Span> = NONE;
  #inRecord: Readonly<Span> = NONE;
  #total = 0;

  /** Not yet in a gap record. */
  get pending(): number {
    return this.#pending.count;
  }

  get total(): number {
    return this.#total;
  }

  /** `lines` will not be written. The time span begins with the first one's own time and ends now. */
  add(lines: Uint8Array, count: number): void {
    if (count === 0) return;
    const missed = countMissed(lines, count);
    const toNs = wallClockNs();
    const fromNs = this.#pending.count > 0 ? this.#pending.fromNs : (timeOf(lines) ?? toNs);
    this.#pending = { count: this.#pending.count + missed, fromNs, toNs };
    this.#total += missed;
  }

  /** The gap record of what is pending, which now counts as told. */
  tell(encode: GapLine): Uint8Array {
    this.#inRecord = this.#pending;
    this.#pending = NONE;
    return encode(this.#inRecord.count, this.#inRecord.fromNs, this.#inRecord.toNs);
  }

  /** That record could not be written: its events are pending again. */
  untell(): void {
    const { count, fromNs, toNs } = this.#inRecord;
    const later = this.#pending;
    this.#pending = { count: count + later.count, fromNs, toNs: later.count > 0 ? later.toNs : toNs };
    this.#inRecord = NONE;
  }
}

function wallClockNs(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}

/** `time` of the first line, in Unix nanoseconds; undefined if it has none that can be read. */
function timeOf(lines: Uint8Array): bigint | undefined {
  let event: { time?: unknown };
  try {
    event = JSON.parse(viewOf(lines).toString('utf8', 0, firstLineEnd(lines))) as { time?: unknown };
  } catch {
    return undefined;
  }
  const parts = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z$/.exec(String(event.time));
  if (parts === null) return undefined;
  return BigInt(Date.parse(`${parts[1]}Z`)) * 1_000_000n + BigInt((parts[2] ?? '').padEnd(9, '0'));
}
