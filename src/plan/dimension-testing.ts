// SPDX-License-Identifier: Apache-2.0
/** Looks into a dimension's tables as bpf/lib/hook_match.h does, for tests that have no kernel. */
import { DimensionKind } from '../events/gen/layouts.ts';
import type { Dimension } from './dimension-plan.ts';
import type { Table } from './table.ts';
import { RuleMask } from './rule-mask.ts';
import type { StringSecret } from './string-key.ts';
import { writeStringKey } from './string-key.ts';

/** Of a number, of bytes (a string, or an address's struct address_key without its length). */
export type DimensionValue = bigint | Uint8Array;

/** The rules that the value satisfies. */
export function lookUp(dimension: Dimension, value: DimensionValue, secret: StringSecret): RuleMask {
  const { kind, table, miss } = dimension;
  const number = typeof value === 'bigint' ? BigInt.asUintN(64, value) : 0n;
  const bytes = typeof value === 'bigint' ? new Uint8Array(0) : value;
  switch (kind) {
    case DimensionKind.DIMENSION_NUMBER:
      return exact(table, wordBytes(number)) ?? miss;
    case DimensionKind.DIMENSION_STRING: {
      const key = new Uint8Array(24);
      writeStringKey(new DataView(key.buffer), 0, bytes, secret);
      return exact(table, key) ?? miss;
    }
    case DimensionKind.DIMENSION_RANGE:
      return interval(dimension, number);
    case DimensionKind.DIMENSION_BITS:
      return bits(dimension, number);
    case DimensionKind.DIMENSION_SUBSTRING:
      return substrings(dimension, bytes);
    default:
      return longest(table, kind === DimensionKind.DIMENSION_POSTFIX ? bytes.toReversed() : bytes) ?? miss;
  }
}

function keyOf({ keys, keyBytes }: Table, row: number): Uint8Array {
  return keys.subarray(row * keyBytes, (row + 1) * keyBytes);
}

function valueOf({ values, valueBytes }: Table, row: number): Uint8Array {
  return values.slice(row * valueBytes, (row + 1) * valueBytes);
}

function maskOf(bytes: Uint8Array): RuleMask {
  return new RuleMask(new BigUint64Array(bytes.slice().buffer));
}

function exact(table: Table, key: Uint8Array): RuleMask | undefined {
  for (let row = 0; row < table.entries; row++)
    if (Buffer.compare(keyOf(table, row), key) === 0) return maskOf(valueOf(table, row));
  return undefined;
}

/** The last interval that begins at or below the number, one after the other. */
function interval({ table, count, bias, miss }: Dimension, number: bigint): RuleMask {
  const biased = BigInt.asUintN(64, number + bias);
  let found = miss;
  for (let row = 0; row < count; row++) {
    const value = valueOf(table, row);
    if (new DataView(value.buffer).getBigUint64(0, true) <= biased) found = maskOf(value.subarray(8));
  }
  return found;
}

function bits({ table, count, flag, miss }: Dimension, number: bigint): RuleMask {
  const found = new RuleMask(miss.words.length);
  for (let nibble = 0; nibble < count; nibble++) {
    const row = nibble * 16 + Number((number >> BigInt(4 * nibble)) & 15n);
    maskOf(valueOf(table, row)).words.forEach((word, w) => (found.words[w] = (found.words[w] ?? 0n) | word));
  }
  const all = (1n << 64n) - 1n;
  miss.words.forEach((word, w) => {
    const own = found.words[w] ?? 0n;
    found.words[w] = (flag ? all & ~own : own) | word;
  });
  return found;
}

function longest(table: Table, bytes: Uint8Array): RuleMask | undefined {
  let best: number | undefined;
  let bestBits = -1;
  for (let row = 0; row < table.entries; row++) {
    const key = keyOf(table, row);
    const length = new DataView(key.buffer, key.byteOffset).getUint32(0, true);
    if (length <= bytes.length * 8 && length > bestBits && beginsWith(bytes, key.subarray(4), length))
      [best, bestBits] = [row, length];
  }
  return best === undefined ? undefined : maskOf(valueOf(table, best));
}

function beginsWith(bytes: Uint8Array, prefix: Uint8Array, length: number): boolean {
  for (let bit = 0; bit < length; bit++) {
    const at = 7 - (bit & 7);
    if ((((bytes[bit >> 3] ?? 0) ^ (prefix[bit >> 3] ?? 0)) >> at) & 1) return false;
  }
  return true;
}

/** The classes are those of useAlphabets(): a hook keeps them beside its dimensions. */
function substrings({ table, output, count, flag, miss }: Dimension, bytes: Uint8Array): RuleMask {
  const found = miss.clone();
  const moves = new Uint32Array(table.values.slice().buffer);
  let state = 0;
  for (const byte of bytes) {
    const move = moves[state * count + (alphabets[flag ? 1 : 0]?.[byte] ?? 0)] ?? 0;
    state = move & 0x7fff_ffff;
    if (move >>> 31 === 0 || output === undefined) continue;
    maskOf(valueOf(output, state)).words.forEach(
      (word, w) => (found.words[w] = (found.words[w] ?? 0n) | word),
    );
  }
  return found;
}

let alphabets: readonly Uint8Array[] = [];

/** The classes of bytes for the automatons that lookUp() then walks. */
export function useAlphabets(classes: readonly Uint8Array[]): void {
  alphabets = classes;
}

function wordBytes(number: bigint): Uint8Array {
  return new Uint8Array(BigUint64Array.of(number).buffer);
}
