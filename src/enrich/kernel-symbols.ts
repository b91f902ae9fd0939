// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import type { StackFrame } from './stack-frame.ts';
import { SymbolList } from './symbol-list.ts';

/** A larger file is not read: no kernel has so many symbols. */
const MAX_BYTES = 128 << 20;
/** No function is longer. What lies farther behind a symbol belongs to code that came later, such as another module. */
const MAX_OFFSET = 1 << 18;
/** How soon the file is read again when an address is not known. */
const RELOAD_MS = 30_000;
/** Where the kernel's half begins; what is above fits a number. */
const KERNEL_HALF = 0xffff_0000;
const TEXT_TYPES = new Set(Buffer.from('tTwW'));
const NEWLINE = 0x0a;
const TAB = 0x09;
const SPACE = 0x20;

/**
 * The kernel's functions by address, from /proc/kallsyms: read when first asked for (some 100 ms), and again when an
 * address is not known, since modules come and go. Without the right to see addresses (kptr_restrict) nothing is found.
 */
export class KernelSymbols {
  readonly #path: string;
  #symbols: SymbolList | undefined;
  #modules: string[] = [];
  #readAt = -Infinity;

  constructor(path = '/proc/kallsyms') {
    this.#path = path;
  }

  /** The function that an address lies in. Throws when the file cannot be read at all. */
  find(address: bigint): StackFrame | undefined {
    const place = placeOf(Number(address >> 32n), Number(address & 0xffff_ffffn));
    if (place < 0) return undefined;
    const frame = this.#frameAt(place);
    if (frame !== undefined || performance.now() - this.#readAt < RELOAD_MS) return frame;
    this.load();
    return this.#frameAt(place);
  }

  /** Reads the symbols; worth doing before the first event that needs them. */
  load(): void {
    this.#readAt = performance.now();
    const file = readFileSync(this.#path);
    this.#modules = [''];
    this.#symbols = file.length > MAX_BYTES ? undefined : parse(file, this.#modules);
  }

  #frameAt(place: number): StackFrame | undefined {
    const index = this.#symbols?.indexAt(place) ?? -1;
    if (this.#symbols === undefined || index < 0) return undefined;
    const offset = place - this.#symbols.startOf(index);
    if (offset > MAX_OFFSET) return undefined;
    const module = this.#modules[this.#symbols.groupOf(index)] ?? '';
    return { symbol: this.#symbols.nameOf(index), offset: BigInt(offset), module, buildId: '' };
  }
}

/** An address above the middle as a number; negative for one that is not the kernel's. */
function placeOf(high: number, low: number): number {
  return high < KERNEL_HALF ? -1 : (high - KERNEL_HALF) * 0x1_0000_0000 + low;
}

/** Lines of `ADDRESS TYPE NAME`, with `\t[MODULE]` behind the name of a module's symbol. */
function parse(file: Buffer, modules: string[]): SymbolList {
  const symbols = new SymbolList(file.length);
  const numbers = new Map([['', 0]]);
  for (let start = 0; start < file.length;) {
    const newline = file.indexOf(NEWLINE, start);
    const end = newline < 0 ? file.length : newline;
    const place = placeOf(hexAt(file, start), hexAt(file, start + 8));
    if (
      end - start > 19 &&
      place >= 0 &&
      file[start + 16] === SPACE &&
      TEXT_TYPES.has(file[start + 17] ?? 0)
    ) {
      const tab = file.subarray(start, end).indexOf(TAB);
      const nameEnd = tab < 0 ? end : start + tab;
      const module = tab < 0 ? '' : file.toString('latin1', nameEnd + 2, end - 1);
      let group = numbers.get(module);
      if (group === undefined) {
        group = modules.push(module) - 1;
        numbers.set(module, group);
      }
      symbols.add(place, file, start + 19, nameEnd, group);
    }
    start = end + 1;
  }
  symbols.sort();
  return symbols;
}

/** Eight hexadecimal digits as a number; what is none counts as anything. */
function hexAt(file: Buffer, start: number): number {
  let value = 0;
  for (let at = start; at < start + 8; at++) {
    const code = file[at] ?? 0;
    value = value * 16 + (code <= 0x39 ? code - 0x30 : (code | 0x20) - 0x57);
  }
  return value;
}
