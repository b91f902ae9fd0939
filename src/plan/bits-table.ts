// SPDX-License-Identifier: Apache-2.0
import { DimensionKind } from '../events/gen/layouts.ts';
import type { Accepted } from './condition.ts';
import type { Dimension, DimensionContext, RuleCondition } from './dimension-plan.ts';
import { RuleMask } from './rule-mask.ts';
import { makeArray } from './table.ts';

/** Of a number; a set of followed conditions is longer. */
const NIBBLES = 16;

/** A nibble's entry has the rules that one of its bits satisfies; with `none`, those that it rules out. */
export function bitsTable(
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
