// SPDX-License-Identifier: Apache-2.0
import { DimensionKind } from '../events/gen/layouts.ts';
import { rangesOf } from './condition.ts';
import type { Dimension, RuleCondition } from './dimension-plan.ts';
import type { RuleMask } from './rule-mask.ts';
import { makeArray, u64 } from './table.ts';

const SIGN_BIT = 1n << 63n;
const END = 1n << 64n;

/** Intervals between the bounds of all ranges; entry 0 begins at 0, so that every number has one. */
export function rangeTable(
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
