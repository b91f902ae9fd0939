// SPDX-License-Identifier: Apache-2.0
import { DimensionKind } from '../events/gen/layouts.ts';
import { addressTable } from './address-table.ts';
import { bitsTable } from './bits-table.ts';
import { celTable } from './cel-table.ts';
import { type Condition, filesOf } from './condition.ts';
import type { Dimension, DimensionContext, RuleCondition } from './dimension-plan.ts';
import { numberTable, stringTable } from './key-tables.ts';
import { rangeTable } from './range-table.ts';
import { substringTable } from './substring-table.ts';
import { trieTable } from './trie-table.ts';

/** Builds the table of one dimension from its conditions, at most one of each rule but for expressions. */
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
    reads: [],
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
        flag: conditions.some(({ condition }) => filesOf(condition.accepted).length > 0),
        table: stringTable(conditions, miss, context.secret),
      };
    case 'prefixes':
      return { ...common, kind: DimensionKind.DIMENSION_PREFIX, ...trieTable(conditions, miss) };
    case 'postfixes':
      return { ...common, kind: DimensionKind.DIMENSION_POSTFIX, ...trieTable(conditions, miss) };
    case 'addresses':
      return { ...common, kind: DimensionKind.DIMENSION_ADDRESS, table: addressTable(conditions, miss) };
    case 'cel':
      return { ...common, ...celTable(conditions, context.words) };
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
