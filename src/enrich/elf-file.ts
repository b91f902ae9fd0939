// SPDX-License-Identifier: Apache-2.0
/**
 * What a stack needs of an ELF file (64 bits, little-endian): functions by their place in the file, and the build id. The
 * files are those of arbitrary processes, so every number in them is checked before it is used. Source: elf(5).
 */
import { fstatSync, readSync } from 'node:fs';
import { SymbolList } from './symbol-list.ts';

export interface ElfFile {
  /** hexadecimal digits; empty without */
  readonly buildId: string;
  /** what it holds in memory */
  readonly bytes: number;
  /** The function at an offset in the file; empty without. */
  symbolAt(offset: number): string;
}

const MAX_HEADERS = 1024;
const MAX_NOTE_BYTES = 1 << 16;
const MAX_SYMBOL_BYTES = 16 << 20;
const MAX_NAME_BYTES = 32 << 20;
const SYMBOL_BYTES = 24;
const SECTION_BYTES = 64;
const SEGMENT_BYTES = 56;
const PT_LOAD = 1;
const PT_NOTE = 4;
const SHT_SYMTAB = 2;
const SHT_DYNSYM = 11;
const NT_GNU_BUILD_ID = 3;
const MAX_BUILD_ID_BYTES = 64;
const STT_FUNC = 2;
const STT_GNU_IFUNC = 10;

interface Part {
  readonly type: number;
  /** of a section: the section with its names */
  readonly link: number;
  readonly offset: number;
  readonly address: number;
  readonly size: number;
}

/** Reads an open file; undefined when it is no such ELF file. Throws when it cannot be read. */
export function readElf(fd: number): ElfFile | undefined {
  const fileBytes = fstatSync(fd).size;
  const header = readPart(fd, 0, 64, fileBytes);
  // Magic number, ELFCLASS64, ELFDATA2LSB.
  if (header === undefined || header.readUInt32BE(0) !== 0x7f45_4c46 || header.readUInt16BE(4) !== 0x0201)
    return undefined;
  const segments = readSegments(fd, header, fileBytes);
  const symbols = readSymbols(fd, readSections(fd, header, fileBytes), fileBytes);
  const loads = segments.filter(({ type }) => type === PT_LOAD);
  return {
    buildId: readBuildId(fd, segments, fileBytes),
    bytes: 1024 + (symbols?.bytes ?? 0),
    symbolAt(offset) {
      const load = loads.find(
        (segment) => offset >= segment.offset && offset - segment.offset < segment.size,
      );
      return load === undefined || symbols === undefined
        ? ''
        : nameAt(symbols, offset - load.offset + load.address);
    },
  };
}

/** undefined when the file has no such bytes. */
function readPart(fd: number, offset: number, size: number, fileBytes: number): Buffer | undefined {
  if (!Number.isSafeInteger(offset + size) || offset + size > fileBytes) return undefined;
  const part = Buffer.allocUnsafe(size);
  return readSync(fd, part, 0, size, offset) === size ? part : undefined;
}

function readSegments(fd: number, header: Buffer, fileBytes: number): Part[] {
  const count = header.readUInt16LE(56);
  const table = readTable(fd, count, header.readUInt16LE(54), SEGMENT_BYTES, u64(header, 32), fileBytes);
  return table.map((entry) => ({
    type: entry.readUInt32LE(0),
    link: 0,
    offset: u64(entry, 8),
    address: u64(entry, 16),
    size: u64(entry, 32),
  }));
}

function readSections(fd: number, header: Buffer, fileBytes: number): Part[] {
  const count = header.readUInt16LE(60);
  const table = readTable(fd, count, header.readUInt16LE(58), SECTION_BYTES, u64(header, 40), fileBytes);
  return table.map((entry) => ({
    type: entry.readUInt32LE(4),
    link: entry.readUInt32LE(40),
    offset: u64(entry, 24),
    address: u64(entry, 16),
    size: u64(entry, 32),
  }));
}

function readTable(
  fd: number,
  count: number,
  entryBytes: number,
  expectedBytes: number,
  offset: number,
  fileBytes: number,
): Buffer[] {
  if (count > MAX_HEADERS || entryBytes !== expectedBytes) return [];
  const table = readPart(fd, offset, count * entryBytes, fileBytes);
  if (table === undefined) return [];
  return Array.from({ length: count }, (_, index) =>
    table.subarray(index * entryBytes, (index + 1) * entryBytes),
  );
}

/** A 64-bit number; what a number cannot hold exactly is beyond any file. */
function u64(bytes: Buffer, offset: number): number {
  return bytes.readUInt32LE(offset) + bytes.readUInt32LE(offset + 4) * 0x1_0000_0000;
}

/** Of the full table, or where it was stripped the dynamic one. */
function readSymbols(fd: number, sections: Part[], fileBytes: number): SymbolList | undefined {
  for (const type of [SHT_SYMTAB, SHT_DYNSYM]) {
    const table = sections.find((section) => section.type === type);
    const names = sections[table?.link ?? -1];
    if (table === undefined || names === undefined) continue;
    if (table.size > MAX_SYMBOL_BYTES || names.size > MAX_NAME_BYTES) continue;
    const symbolBytes = readPart(fd, table.offset, table.size, fileBytes);
    const nameBytes = readPart(fd, names.offset, names.size, fileBytes);
    if (symbolBytes === undefined || nameBytes === undefined) continue;
    const list = listFunctions(symbolBytes, nameBytes);
    if (list.count > 0) return list;
  }
  return undefined;
}

function listFunctions(table: Buffer, names: Buffer): SymbolList {
  const list = new SymbolList(names.length);
  let room = names.length;
  for (let at = 0; at + SYMBOL_BYTES <= table.length; at += SYMBOL_BYTES) {
    const type = table.readUInt8(at + 4) & 0xf;
    const start = u64(table, at + 8);
    const name = table.readUInt32LE(at);
    if ((type !== STT_FUNC && type !== STT_GNU_IFUNC) || start === 0 || name >= names.length) continue;
    const end = names.indexOf(0, name);
    // Names may share their ends, so that copies of them all could need more room than the section has.
    if (end < 0 || end === name || end - name > room || start > Number.MAX_SAFE_INTEGER) continue;
    room -= end - name;
    list.add(start, names, name, end, 0, Math.min(u64(table, at + 16), 0xffff_ffff));
  }
  list.sort();
  return list;
}

/** A symbol without a size, as assembly has them, reaches to the next. */
function nameAt(symbols: SymbolList, address: number): string {
  const index = symbols.indexAt(address);
  if (index < 0) return '';
  const size = symbols.sizeOf(index);
  return size === 0 || address - symbols.startOf(index) < size ? symbols.nameOf(index) : '';
}

/** Notes: name size, description size, type, then both padded to 4 bytes. */
function readBuildId(fd: number, segments: Part[], fileBytes: number): string {
  for (const { type, offset, size } of segments) {
    if (type !== PT_NOTE || size > MAX_NOTE_BYTES) continue;
    const notes = readPart(fd, offset, size, fileBytes);
    for (let at = 0; notes !== undefined && at + 12 <= notes.length;) {
      const nameBytes = notes.readUInt32LE(at);
      const bytes = notes.readUInt32LE(at + 4);
      const name = at + 12;
      const start = name + ((nameBytes + 3) & ~3);
      if (nameBytes > size || bytes > size || start + bytes > notes.length) break;
      const isGnu = notes.toString('latin1', name, name + nameBytes) === 'GNU\0';
      if (isGnu && notes.readUInt32LE(at + 8) === NT_GNU_BUILD_ID && bytes <= MAX_BUILD_ID_BYTES)
        return notes.toString('hex', start, start + bytes);
      at = start + ((bytes + 3) & ~3);
    }
  }
  return '';
}
