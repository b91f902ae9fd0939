// SPDX-License-Identifier: Apache-2.0
import { closeSync, openSync, readSync } from 'node:fs';

const PT_LOAD = 1;

/**
 * The file offset of a 64-bit little-endian ELF executable's entry point: what a uprobe takes. Source: elf(5). Throws a
 * RangeError when no segment holds the entry point or the headers do not lie in the first page.
 */
export function entryOffset(path: string): bigint {
  const header = readStart(path);
  const entry = header.readBigUInt64LE(24);
  const programHeaders = Number(header.readBigUInt64LE(32));
  const size = header.readUInt16LE(54);
  const count = header.readUInt16LE(56);
  for (let index = 0; index < count; index++) {
    const at = programHeaders + index * size;
    if (header.readUInt32LE(at) !== PT_LOAD) continue;
    const offset = header.readBigUInt64LE(at + 8);
    const address = header.readBigUInt64LE(at + 16);
    const length = header.readBigUInt64LE(at + 32);
    if (entry >= address && entry < address + length) return entry - address + offset;
  }
  throw new RangeError(`No segment of ${JSON.stringify(path)} holds its entry point`);
}

function readStart(path: string): Buffer {
  const page = Buffer.alloc(4096);
  const fd = openSync(path, 'r');
  try {
    return page.subarray(0, readSync(fd, page));
  } finally {
    closeSync(fd);
  }
}
