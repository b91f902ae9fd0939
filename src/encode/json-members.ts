// SPDX-License-Identifier: Apache-2.0
/**
 * Members of a JSON object that is being written, as protobuf's JSON form wants them: what is zero or empty is absent, 64-bit
 * numbers are text.
 */
import type { ChunkWriter } from './chunk-writer.ts';
import type { NameTable } from './name-table.ts';

const QUOTE = Buffer.from('"');

/** `"NAME":` */
export function keyOf(name: string): Uint8Array {
  return Buffer.from(`"${name}":`);
}

export function appendNumber(out: ChunkWriter, key: Uint8Array, value: number): void {
  if (value === 0) return;
  out.appendSeparator();
  out.append(key);
  out.appendInteger(value);
}

/** An unsigned 64-bit number that stands at `offset`. */
export function appendLongNumber(out: ChunkWriter, key: Uint8Array, view: DataView, offset: number): void {
  const low = view.getUint32(offset, true);
  const high = view.getUint32(offset + 4, true);
  if (low === 0 && high === 0) return;
  out.appendSeparator();
  out.append(key);
  out.append(QUOTE);
  out.appendHalves(low, high);
  out.append(QUOTE);
}

/** A name that is never empty. */
export function appendName(out: ChunkWriter, table: NameTable, value: number): void {
  out.appendSeparator();
  out.append(table.member(value));
}

/** Text that is known to hold ASCII only and nothing to escape. */
export function appendPlain(out: ChunkWriter, key: Uint8Array, text: string | undefined): void {
  if (text === undefined) return;
  out.appendSeparator();
  out.append(key);
  out.appendAscii(`"${text}"`);
}

/** The bytes [start, end) as text. */
export function appendBytes(
  out: ChunkWriter,
  key: Uint8Array,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  if (start === end) return;
  out.appendSeparator();
  out.append(key);
  out.append(QUOTE);
  out.appendJson(bytes, start, end);
  out.append(QUOTE);
}

/** A string in an array of `size` bytes, up to its NUL. */
export function appendArray(
  out: ChunkWriter,
  key: Uint8Array,
  bytes: Uint8Array,
  start: number,
  size: number,
): void {
  const nul = bytes.indexOf(0, start);
  appendBytes(out, key, bytes, start, nul < 0 || nul > start + size ? start + size : nul);
}
