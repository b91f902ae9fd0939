// SPDX-License-Identifier: Apache-2.0

const NEWLINE = 0x0a;
const GAP_START = Buffer.from('{"merlon_gap":');

/** A Buffer over the same memory. */
export function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function countLines(lines: Uint8Array): number {
  const view = viewOf(lines);
  let count = 0;
  for (let at = view.indexOf(NEWLINE); at !== -1; at = view.indexOf(NEWLINE, at + 1)) count++;
  return count;
}

/** Where the last line that lies whole within the first `limit` bytes ends; 0 if there is none. */
export function lastLineEnd(lines: Uint8Array, limit: number): number {
  return limit > 0 ? viewOf(lines).lastIndexOf(NEWLINE, limit - 1) + 1 : 0;
}

/** Where the first line ends; the whole length if it has no end. */
export function firstLineEnd(lines: Uint8Array): number {
  const at = viewOf(lines).indexOf(NEWLINE);
  return at === -1 ? lines.length : at + 1;
}

/**
 * How many events a reader misses who does not get these lines. An event counts one; a gap record counts what it tells
 * of, so that what arrived and the sum of all gap records stay equal to what happened.
 */
export function countMissed(lines: Uint8Array, count: number): number {
  const view = viewOf(lines);
  let missed = count;
  for (let at = view.indexOf(GAP_START); at !== -1; at = view.indexOf(GAP_START, at + 1)) {
    if (at > 0 && view[at - 1] !== NEWLINE) continue;
    missed += lostOf(view.subarray(at, at + firstLineEnd(view.subarray(at)))) - 1;
  }
  return missed;
}

function lostOf(gapLine: Buffer): number {
  const { merlon_gap: gap } = JSON.parse(gapLine.toString()) as { merlon_gap: { lost?: string } };
  return Number(gap.lost ?? 0);
}
