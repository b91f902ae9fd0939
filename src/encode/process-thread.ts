// SPDX-License-Identifier: Apache-2.0
import type { ChunkWriter } from './chunk-writer.ts';

const KEY = Buffer.from(',"tid":');
const DIGIT_ZERO = 0x30;
const DIGIT_NINE = 0x39;

/** Appends a process in export form with another thread's id in place of its own; the rest is the cached form. */
export function appendWithThread(out: ChunkWriter, process: Uint8Array, tid: number): void {
  // Quotes in strings are escaped, so these bytes can only be the key; every process has it.
  const start = Buffer.from(process.buffer, process.byteOffset, process.length).indexOf(KEY) + KEY.length;
  let end = start;
  while (isDigit(process[end])) end++;
  out.append(process.subarray(0, start));
  out.appendInteger(tid);
  out.append(process.subarray(end));
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= DIGIT_ZERO && byte <= DIGIT_NINE;
}
