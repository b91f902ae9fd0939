// SPDX-License-Identifier: Apache-2.0
/** Writes small ELF files for tests. */

export interface ElfSymbol {
  readonly name: string;
  /** in the address space of the file */
  readonly address: bigint;
  readonly size: bigint;
  /** STT_FUNC by default */
  readonly type?: number;
}

const NOTE = 0x180;
const SYMBOLS = 0x200;
const HEADER_BYTES = 64;
/** Where the code begins, in the file and in the address space of the file. */
export const CODE_OFFSET = 0x1000;
export const CODE_ADDRESS = 0x40_1000;

/** A file with one segment of code, a build id and a symbol table; `stripped` makes the table a dynamic one. */
export function elfBytes(symbols: readonly ElfSymbol[], buildId: Uint8Array, stripped = false): Buffer {
  const names = Buffer.concat([Buffer.of(0), ...symbols.map(({ name }) => Buffer.from(`${name}\0`))]);
  const file = Buffer.alloc(CODE_OFFSET + 0x1000 + names.length);
  const nameOffset = CODE_OFFSET + 0x1000;
  file.write('\x7fELF\x02\x01\x01', 0, 'latin1');
  file.writeBigUInt64LE(BigInt(HEADER_BYTES), 32);
  const sections = HEADER_BYTES + 2 * 56;
  file.writeBigUInt64LE(BigInt(sections), 40);
  for (const [offset, value] of [
    [52, HEADER_BYTES],
    [54, 56],
    [56, 2],
    [58, 64],
    [60, 3],
  ] as const)
    file.writeUInt16LE(value, offset);
  segment(file, HEADER_BYTES, 1, CODE_OFFSET, CODE_ADDRESS, 0x1000);
  segment(file, HEADER_BYTES + 56, 4, NOTE, NOTE, 16 + buildId.length);
  file.writeUInt32LE(4, NOTE);
  file.writeUInt32LE(buildId.length, NOTE + 4);
  file.writeUInt32LE(3, NOTE + 8);
  file.write('GNU\0', NOTE + 12, 'latin1');
  file.set(buildId, NOTE + 16);
  section(file, sections + 64, stripped ? 11 : 2, SYMBOLS, symbols.length * 24);
  section(file, sections + 128, 3, nameOffset, names.length);
  let name = 1;
  for (const [index, symbol] of symbols.entries()) {
    const at = SYMBOLS + index * 24;
    file.writeUInt32LE(name, at);
    file.writeUInt8(symbol.type ?? 2, at + 4);
    file.writeBigUInt64LE(symbol.address, at + 8);
    file.writeBigUInt64LE(symbol.size, at + 16);
    name += symbol.name.length + 1;
  }
  names.copy(file, nameOffset);
  return file;
}

function segment(
  file: Buffer,
  at: number,
  type: number,
  offset: number,
  address: number,
  size: number,
): void {
  file.writeUInt32LE(type, at);
  file.writeBigUInt64LE(BigInt(offset), at + 8);
  file.writeBigUInt64LE(BigInt(address), at + 16);
  file.writeBigUInt64LE(BigInt(size), at + 32);
}

/** Its names are those of section 2. */
function section(file: Buffer, at: number, type: number, offset: number, size: number): void {
  file.writeUInt32LE(type, at + 4);
  file.writeBigUInt64LE(BigInt(offset), at + 24);
  file.writeBigUInt64LE(BigInt(size), at + 32);
  file.writeUInt32LE(2, at + 40);
}
