// SPDX-License-Identifier: Apache-2.0
import { DimensionKind, HookLimit } from '../events/gen/layouts.ts';
import { buildAutomaton } from './automaton.ts';
import type { Accepted, Condition, ConditionInput } from './condition.ts';
import { PrefixCollector, maskPrefixes } from './prefix-table.ts';
import { RuleMask } from './rule-mask.ts';
import type { StringSecret } from './string-key.ts';
import { writeStringKey } from './string-key.ts';

/** A map's contents and shape. Keys and values back to back. */
export interface Table {
  readonly type: 'hash' | 'array' | 'lpm_trie';
  readonly keyBytes: number;
  readonly valueBytes: number;
  readonly keys: Uint8Array;
  readonly values: Uint8Array;
  readonly entries: number;
}

export interface Dimension {
  readonly kind: (typeof DimensionKind)[keyof typeof DimensionKind];
  readonly at: ConditionInput;
  readonly count: number;
  /** of bits: the rules want none of theirs; of substrings: letters are folded */
  readonly flag: boolean;
  readonly bias: bigint;
  readonly miss: RuleMask;
  readonly onError: RuleMask;
  readonly table: Table;
  /** of an automaton: masks by state */
  readonly output: Table | undefined;
}

/** A condition with the rule that it belongs to. */
export interface RuleCondition {
  readonly rule: number;
  readonly condition: Condition;
}

export interface DimensionContext {
  readonly words: number;
  readonly all: RuleMask;
  /** rules that match when a value cannot be read */
  readonly matchOnError: RuleMask;
  readonly secret: StringSecret;
  /** classes of bytes for all the hook's automatons, as they are and folded */
  readonly alphabets: readonly [
    { classes: Uint8Array; classCount: number },
    { classes: Uint8Array; classCount: number },
  ];
}

/** Builds the table of one dimension from its conditions, at most one of each rule. */
export function buildDimension(conditions: readonly RuleCondition[], context: DimensionContext): Dimension {
  const [first] = conditions;
  if (first === undefined) throw new RangeError('A dimension has a condition');
  const miss = context.all.clone();
  const onError = context.all.clone();
  for (const { rule, condition } of conditions) {
    if (!condition.negated) miss.remove(rule);
    if (!context.matchOnError.has(rule)) onError.remove(rule);
  }
  const common = {
    at: first.condition.at,
    miss,
    onError,
    count: 0,
    flag: false,
    bias: 0n,
    output: undefined,
  };
  const { accepted } = first.condition;
  switch (accepted.class) {
    case 'numbers':
      return { ...common, kind: DimensionKind.DIMENSION_NUMBER, table: numberTable(conditions, miss) };
    case 'ranges':
      return { ...common, ...rangeTable(conditions, miss, accepted.signed) };
    case 'bits':
      return { ...common, ...bitsTable(conditions, context, first.condition.negated) };
    case 'strings':
      return {
        ...common,
        kind: DimensionKind.DIMENSION_STRING,
        table: stringTable(conditions, miss, context.secret),
      };
    case 'prefixes':
      return { ...common, kind: DimensionKind.DIMENSION_PREFIX, ...trieTable(conditions, miss) };
    case 'postfixes':
      return { ...common, kind: DimensionKind.DIMENSION_POSTFIX, ...trieTable(conditions, miss) };
    case 'addresses':
      return { ...common, kind: DimensionKind.DIMENSION_ADDRESS, table: addressTable(conditions, miss) };
    case 'substrings':
      return { ...common, ...substringTable(conditions, miss, context, accepted.folded) };
  }
}

/** Conditions that can stand in one table have the same key. */
export function dimensionKey({ at, accepted, negated }: Condition): string {
  const detail =
    accepted.class === 'ranges'
      ? accepted.signed
      : accepted.class === 'substrings'
        ? accepted.folded
        : accepted.class === 'bits' && negated;
  return [accepted.class, at.input, at.entry, at.other, detail].join();
}

/** Key → mask, for conditions that accept whole keys. */
class MaskTable {
  readonly #miss: RuleMask;
  readonly #masks = new Map<string, { key: Uint8Array; mask: RuleMask }>();

  constructor(miss: RuleMask) {
    this.#miss = miss;
  }

  note(key: Uint8Array, rule: number, negated: boolean): void {
    const text = Buffer.from(key).toString('latin1');
    let entry = this.#masks.get(text);
    if (entry === undefined) this.#masks.set(text, (entry = { key, mask: this.#miss.clone() }));
    if (negated) entry.mask.remove(rule);
    else entry.mask.add(rule);
  }

  table(keyBytes: number): Table {
    const entries = [...this.#masks.values()];
    return makeTable(
      'hash',
      keyBytes,
      entries.map(({ key, mask }) => ({ key, value: mask.bytes })),
      this.#miss.bytes.length,
    );
  }
}

function makeTable(
  type: Table['type'],
  keyBytes: number,
  rows: readonly { key: Uint8Array; value: Uint8Array }[],
  valueBytes: number,
): Table {
  const keys = new Uint8Array(rows.length * keyBytes);
  const values = new Uint8Array(rows.length * valueBytes);
  rows.forEach(({ key, value }, row) => {
    keys.set(key, row * keyBytes);
    values.set(value, row * valueBytes);
  });
  return { type, keyBytes, valueBytes, keys, values, entries: rows.length };
}

/** An array's rows, by index from 0. */
function makeArray(rows: readonly Uint8Array[], valueBytes: number): Table {
  return makeTable(
    'array',
    4,
    rows.map((value, index) => ({ key: u32(index), value })),
    valueBytes,
  );
}

function numberTable(conditions: readonly RuleCondition[], miss: RuleMask): Table {
  const table = new MaskTable(miss);
  for (const { rule, condition } of conditions)
    for (const value of numbersOf(condition.accepted)) table.note(u64(value), rule, condition.negated);
  return table.table(8);
}

function stringTable(conditions: readonly RuleCondition[], miss: RuleMask, secret: StringSecret): Table {
  const table = new MaskTable(miss);
  for (const { rule, condition } of conditions)
    for (const value of stringsOf(condition.accepted)) {
      const key = new Uint8Array(24);
      writeStringKey(new DataView(key.buffer), 0, value, secret);
      table.note(key, rule, condition.negated);
    }
  return table.table(24);
}

const SIGN_BIT = 1n << 63n;
const END = 1n << 64n;

/** Intervals between the bounds of all ranges; entry 0 begins at 0, so that every number has one. */
function rangeTable(
  conditions: readonly RuleCondition[],
  miss: RuleMask,
  signed: boolean,
): Pick<Dimension, 'kind' | 'count' | 'bias' | 'table'> {
  const bias = signed ? SIGN_BIT : 0n;
  const ordered = (value: bigint): bigint => BigInt.asUintN(64, value + bias);
  const changes = new Map<bigint, { rule: number; negated: boolean; enters: boolean }[]>();
  const note = (at: bigint, change: { rule: number; negated: boolean; enters: boolean }): void => {
    if (at < END) changes.set(at, [...(changes.get(at) ?? []), change]);
  };
  for (const { rule, condition } of conditions) {
    const ranges = rangesOf(condition.accepted).map(({ from, to }) => ({
      from: ordered(from),
      to: ordered(to),
    }));
    for (const { from, to } of mergeRanges(ranges)) {
      note(from, { rule, negated: condition.negated, enters: true });
      note(to + 1n, { rule, negated: condition.negated, enters: false });
    }
  }
  const mask = miss.clone();
  const rows: Uint8Array[] = [];
  for (const at of [...new Set([0n, ...changes.keys()])].toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0))) {
    for (const { rule, negated, enters } of changes.get(at) ?? [])
      if (enters === negated) mask.remove(rule);
      else mask.add(rule);
    rows.push(Buffer.concat([u64(at), mask.bytes]));
  }
  const table = makeArray(rows, 8 + miss.bytes.length);
  return { kind: DimensionKind.DIMENSION_RANGE, count: rows.length, bias, table };
}

/** Disjoint and not touching, in order. */
function mergeRanges(ranges: readonly { from: bigint; to: bigint }[]): { from: bigint; to: bigint }[] {
  const merged: { from: bigint; to: bigint }[] = [];
  for (const range of ranges.toSorted((a, b) => (a.from < b.from ? -1 : 1))) {
    const last = merged.at(-1);
    if (last === undefined || range.from > last.to + 1n) merged.push({ ...range });
    else if (range.to > last.to) last.to = range.to;
  }
  return merged;
}

/** Of a number; a set of followed conditions is longer. */
const NIBBLES = 16;

/** A nibble's entry has the rules that one of its bits satisfies; with `none`, those that it rules out. */
function bitsTable(
  conditions: readonly RuleCondition[],
  { words, all }: DimensionContext,
  none: boolean,
): Pick<Dimension, 'kind' | 'count' | 'flag' | 'miss' | 'table'> {
  const rows: Uint8Array[] = [];
  const nibbles = Math.max(NIBBLES, ...conditions.map(({ condition }) => nibblesOf(condition.accepted)));
  for (let nibble = 0; nibble < nibbles; nibble++)
    for (let value = 0n; value < 16n; value++) {
      const mask = new RuleMask(words);
      for (const { rule, condition } of conditions)
        if (
          condition.accepted.class === 'bits' &&
          ((condition.accepted.mask >> BigInt(4 * nibble)) & value) !== 0n
        )
          mask.add(rule);
      rows.push(mask.bytes);
    }
  const unconstrained = all.clone();
  for (const { rule } of conditions) unconstrained.remove(rule);
  return {
    kind: DimensionKind.DIMENSION_BITS,
    count: nibbles,
    flag: none,
    miss: unconstrained,
    table: makeArray(rows, words * 8),
  };
}

function nibblesOf(accepted: Accepted): number {
  return accepted.class === 'bits' ? accepted.mask.toString(16).length : 0;
}

function trieTable(conditions: readonly RuleCondition[], miss: RuleMask): Pick<Dimension, 'count' | 'table'> {
  const collector = new PrefixCollector();
  let longest = 8;
  for (const { rule, condition } of conditions) {
    const isPostfix = condition.accepted.class === 'postfixes';
    for (const value of stringsOf(condition.accepted)) {
      longest = Math.max(longest, value.length);
      collector.add(rule, isPostfix ? value.toReversed() : value, value.length * 8, condition.negated);
    }
  }
  const bytes = Math.min((longest + 3) & ~3, HookLimit.HOOK_TRIE_BYTES);
  const rows = maskPrefixes(collector.entries, miss).map(({ entry, mask }) => {
    const key = new Uint8Array(4 + bytes);
    key.set(u32(entry.bits));
    key.set(entry.bytes, 4);
    return { key, value: mask.bytes };
  });
  return { count: bytes, table: makeTable('lpm_trie', 4 + bytes, rows, miss.bytes.length) };
}

/** struct address_key: the prefix length, family 4 or 6, the address, three bytes of zeros. */
function addressTable(conditions: readonly RuleCondition[], miss: RuleMask): Table {
  const collector = new PrefixCollector();
  for (const { rule, condition } of conditions) {
    if (condition.accepted.class !== 'addresses') continue;
    for (const { address, prefixLength } of condition.accepted.networks) {
      const bytes = new Uint8Array(20);
      bytes[0] = address.length === 4 ? 4 : 6;
      bytes.set(maskAddress(address, prefixLength), 1);
      collector.add(rule, bytes, 8 + prefixLength, condition.negated);
    }
  }
  const rows = maskPrefixes(collector.entries, miss).map(({ entry, mask }) => ({
    key: Buffer.concat([u32(entry.bits), entry.bytes]),
    value: mask.bytes,
  }));
  return makeTable('lpm_trie', 24, rows, miss.bytes.length);
}

function maskAddress(address: Uint8Array, prefixLength: number): Uint8Array {
  return address.map((byte, index) => {
    const kept = Math.max(0, Math.min(8, prefixLength - index * 8));
    return byte & (0xff00 >> kept) & 0xff;
  });
}

const MOVE_OUTPUT = 0x8000_0000;

function substringTable(
  conditions: readonly RuleCondition[],
  miss: RuleMask,
  { words, alphabets }: DimensionContext,
  folded: boolean,
): Pick<Dimension, 'kind' | 'count' | 'flag' | 'table' | 'output'> {
  const patterns: Uint8Array[] = [];
  const rules: number[] = [];
  for (const { rule, condition } of conditions)
    for (const value of stringsOf(condition.accepted)) {
      patterns.push(value);
      rules.push(rule);
    }
  const { classes, classCount } = alphabets[folded ? 1 : 0];
  const automaton = buildAutomaton(patterns, classes, classCount);
  const states = automaton.moves.length / classCount;
  const moves = [...automaton.moves].map((next) =>
    u32(automaton.outputs.has(next) ? (next | MOVE_OUTPUT) >>> 0 : next),
  );
  const outputs = Array.from({ length: states }, (_, state) => {
    const mask = new RuleMask(words);
    for (const pattern of automaton.outputs.get(state) ?? []) mask.add(rules[pattern] ?? 0);
    return mask.bytes;
  });
  return {
    kind: DimensionKind.DIMENSION_SUBSTRING,
    count: classCount,
    flag: folded,
    table: makeArray(moves, 4),
    output: makeArray(outputs, miss.bytes.length),
  };
}

function numbersOf(accepted: Accepted): readonly bigint[] {
  return accepted.class === 'numbers' ? accepted.values : [];
}

/** Of strings, prefixes, postfixes and substrings. */
function stringsOf(accepted: Accepted): readonly Uint8Array[] {
  return 'values' in accepted && accepted.class !== 'numbers' ? accepted.values : [];
}

function rangesOf(accepted: Accepted): Extract<Accepted, { class: 'ranges' }>['ranges'] {
  return accepted.class === 'ranges' ? accepted.ranges : [];
}

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

function u64(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, value), true);
  return bytes;
}
