// SPDX-License-Identifier: Apache-2.0
/**
 * What a probe needs of an ELF file (64 bits, little-endian): where in the file a symbol or address is, its build id and
 * digests, its USDT notes. Files are not trusted: every number is checked before it is used. Source: elf(5).
 */
import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

/** A USDT probe as .note.stapsdt has it; a probe that stands at several places has one of these for each. */
export interface UsdtNote {
  readonly provider: string;
  readonly name: string;
  /** where the probe is, as an address of the file */
  readonly address: number;
  /** address of the counter that turns it on; 0 without */
  readonly semaphore: number;
  /** argument specifications, such as `-4@%edi 8@-8(%rbp)` */
  readonly args: string;
}

interface Part {
  readonly type: number;
  readonly name: string;
  readonly link: number;
  readonly offset: number;
  readonly address: number;
  readonly size: number;
}

const MAX_TABLE_BYTES = 256 << 20;
const CHUNK_BYTES = 1 << 20;
const [SECTION_BYTES, SEGMENT_BYTES, SYMBOL_BYTES] = [64, 56, 24];
const [PT_LOAD, PT_NOTE] = [1, 4];
const [SHT_SYMTAB, SHT_NOTE, SHT_DYNSYM, SHT_NOBITS] = [2, 7, 11, 8];
const NT_GNU_BUILD_ID = 3;
const NT_STAPSDT = 3;
/** STT_NOTYPE (labels of assembly), STT_FUNC, STT_GNU_IFUNC */
const CODE_SYMBOLS = new Set([0, 2, 10]);

/** An open ELF file. Everything is read when first asked for, and from the same file also when its name is given to another. */
export class ElfImage {
  /** tells this file from another that has the same path later, be it with the same inode */
  readonly identity: string;
  readonly #fd: number;
  readonly #bytes: number;
  readonly #segments: readonly Part[];
  readonly #sections: readonly Part[];
  #symbols: Map<string, number> | undefined;

  /** Throws an Error that says why it is no ELF file that can be used. */
  constructor(path: string) {
    // A pipe that has this name does not stop the agent.
    this.#fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stat = fstatSync(this.#fd, { bigint: true });
      if (!stat.isFile()) throw new Error('it is not a file');
      this.#bytes = Number(stat.size);
      this.identity = shortDigest(`${stat.dev}:${stat.ino}:${stat.ctimeNs}`);
      const header = this.#bytes < 64 ? Buffer.alloc(64) : this.#read(0, 64);
      // Magic number, ELFCLASS64, ELFDATA2LSB.
      if (header.readUInt32BE(0) !== 0x7f45_4c46 || header.readUInt16BE(4) !== 0x0201)
        throw new Error('it is not an ELF file of 64 bits, little-endian');
      this.#segments = this.#readSegments(header);
      this.#sections = this.#readSections(header);
    } catch (error) {
      closeSync(this.#fd);
      throw error;
    }
  }

  /** Another name of this very file, for this process while it is open. */
  get openPath(): string {
    return `/proc/self/fd/${this.#fd}`;
  }

  close(): void {
    closeSync(this.#fd);
  }

  /** The place in the file of an address; undefined when no segment has it. */
  fileOffset(address: number): number | undefined {
    const load = this.#segments.find(
      (part) => part.type === PT_LOAD && address >= part.address && address - part.address < part.size,
    );
    return load === undefined ? undefined : address - load.address + load.offset;
  }

  /** Whether a place in the file is mapped when it runs. */
  isMapped(offset: number): boolean {
    return this.#segments.some(
      (part) => part.type === PT_LOAD && offset >= part.offset && offset - part.offset < part.size,
    );
  }

  /** Address of a symbol, of the full table or the dynamic one. */
  symbol(name: string): number | undefined {
    return this.#allSymbols.get(name);
  }

  symbolNames(): Iterable<string> {
    return this.#allSymbols.keys();
  }

  /** hexadecimal digits; undefined without */
  buildId(): string | undefined {
    const isNotes = (kind: number) => (part: Part) => part.type === kind;
    // What runs is found by segments; an object file has sections only.
    const parts = [...this.#segments.filter(isNotes(PT_NOTE)), ...this.#sections.filter(isNotes(SHT_NOTE))];
    for (const part of parts)
      for (const note of notesOf(this.#read(part.offset, part.size)))
        if (note.owner === 'GNU' && note.type === NT_GNU_BUILD_ID) return note.data.toString('hex');
    return undefined;
  }

  /** Of all its bytes, hexadecimal digits. */
  digest(algorithm: 'sha1' | 'sha256' | 'sha384' | 'sha512'): string {
    const hash = createHash(algorithm);
    for (let at = 0; at < this.#bytes; at += CHUNK_BYTES)
      hash.update(this.#read(at, Math.min(CHUNK_BYTES, this.#bytes - at)));
    return hash.digest('hex');
  }

  /**
   * Its USDT probes. A note: address of the probe, address of .stapsdt.base when it was linked, semaphore; then provider, name
   * and arguments, each with a NUL. What prelink moved is moved here too.
   */
  usdtNotes(): UsdtNote[] {
    const base = this.#sections.find(({ name }) => name === '.stapsdt.base')?.address;
    return this.#sections
      .filter(({ type, name }) => type === SHT_NOTE && name === '.note.stapsdt')
      .flatMap((section) => [...notesOf(this.#readPart(section))])
      .flatMap(({ owner, type, data }): UsdtNote[] => {
        if (owner !== 'stapsdt' || type !== NT_STAPSDT || data.length < 24) return [];
        const [provider = '', name = '', args = ''] = data.toString('utf8', 24).split('\0');
        const linkedBase = u64(data, 8);
        const move = base === undefined || linkedBase === 0 ? 0 : base - linkedBase;
        const semaphore = u64(data, 16);
        return [
          {
            provider,
            name,
            args,
            address: u64(data, 0) + move,
            semaphore: semaphore === 0 ? 0 : semaphore + move,
          },
        ];
      });
  }

  get #allSymbols(): Map<string, number> {
    if (this.#symbols !== undefined) return this.#symbols;
    const found = new Map<string, number>();
    for (const section of this.#sections) {
      const names = this.#sections[section.link];
      if ((section.type !== SHT_SYMTAB && section.type !== SHT_DYNSYM) || names === undefined) continue;
      addSymbols(found, this.#readPart(section), this.#readPart(names));
    }
    return (this.#symbols = found);
  }

  #readSegments(header: Buffer): Part[] {
    const table = this.#readTable(
      u64(header, 32),
      header.readUInt16LE(56),
      header.readUInt16LE(54),
      SEGMENT_BYTES,
    );
    return table.map((entry) => ({
      type: entry.readUInt32LE(0),
      name: '',
      link: 0,
      offset: u64(entry, 8),
      address: u64(entry, 16),
      size: u64(entry, 32),
    }));
  }

  #readSections(header: Buffer): Part[] {
    const table = this.#readTable(
      u64(header, 40),
      header.readUInt16LE(60),
      header.readUInt16LE(58),
      SECTION_BYTES,
    );
    const parts = table.map((entry) => ({
      type: entry.readUInt32LE(4),
      nameAt: entry.readUInt32LE(0),
      link: entry.readUInt32LE(40),
      offset: u64(entry, 24),
      address: u64(entry, 16),
      size: u64(entry, 32),
    }));
    const strings = parts[header.readUInt16LE(62)];
    const names = strings === undefined ? Buffer.alloc(0) : this.#readPart(strings);
    return parts.map(({ nameAt, ...part }) => ({ ...part, name: textAt(names, nameAt) }));
  }

  #readTable(offset: number, count: number, entryBytes: number, expectedBytes: number): Buffer[] {
    if (count === 0) return [];
    if (entryBytes !== expectedBytes) throw new Error('its tables have entries of a size that is not known');
    const table = this.#read(offset, count * entryBytes);
    return Array.from({ length: count }, (_, index) =>
      table.subarray(index * entryBytes, (index + 1) * entryBytes),
    );
  }

  #readPart({ type, offset, size }: { type: number; offset: number; size: number }): Buffer {
    return type === SHT_NOBITS ? Buffer.alloc(0) : this.#read(offset, size);
  }

  #read(offset: number, size: number): Buffer {
    if (!Number.isSafeInteger(offset + size) || offset + size > this.#bytes)
      throw new Error('it is shorter than its headers say');
    if (size > MAX_TABLE_BYTES) throw new Error('its tables are larger than 256 MiB');
    const bytes = Buffer.allocUnsafe(size);
    if (readSync(this.#fd, bytes, 0, size, offset) !== size)
      throw new Error('it became shorter while it was read');
    return bytes;
  }
}

function shortDigest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

function addSymbols(found: Map<string, number>, table: Buffer, names: Buffer): void {
  for (let at = 0; at + SYMBOL_BYTES <= table.length; at += SYMBOL_BYTES) {
    const isDefined = table.readUInt16LE(at + 6) !== 0;
    const name = textAt(names, table.readUInt32LE(at));
    if (!isDefined || name === '' || !CODE_SYMBOLS.has(table.readUInt8(at + 4) & 0xf)) continue;
    if (!found.has(name)) found.set(name, u64(table, at + 8));
  }
}

/** Notes: size of the owner's name, size of the data, type; then both, padded to 4 bytes. */
function* notesOf(bytes: Buffer): Generator<{ owner: string; type: number; data: Buffer }> {
  for (let at = 0; at + 12 <= bytes.length;) {
    const ownerBytes = bytes.readUInt32LE(at);
    const dataBytes = bytes.readUInt32LE(at + 4);
    const owner = at + 12;
    const data = owner + 4 * Math.ceil(ownerBytes / 4);
    if (data + dataBytes > bytes.length) return;
    yield {
      owner: textAt(bytes.subarray(owner, owner + ownerBytes), 0),
      type: bytes.readUInt32LE(at + 8),
      data: bytes.subarray(data, data + dataBytes),
    };
    at = data + 4 * Math.ceil(dataBytes / 4);
  }
}

/** Up to the NUL. */
function textAt(bytes: Buffer, at: number): string {
  if (at >= bytes.length) return '';
  const end = bytes.indexOf(0, at);
  return bytes.toString('utf8', at, end < 0 ? bytes.length : end);
}

/** What a number cannot hold exactly is beyond any file. */
function u64(bytes: Buffer, offset: number): number {
  return bytes.readUInt32LE(offset) + bytes.readUInt32LE(offset + 4) * 0x1_0000_0000;
}
