// SPDX-License-Identifier: Apache-2.0
import { DimensionKind } from '../events/gen/layouts.ts';
import { buildAutomaton } from './automaton.ts';
import { stringsOf } from './condition.ts';
import type { Dimension, DimensionContext, RuleCondition } from './dimension-plan.ts';
import { RuleMask } from './rule-mask.ts';
import { makeArray, u32 } from './table.ts';

const MOVE_OUTPUT = 0x8000_0000;

/** Aho-Corasick: the moves of its states, and the masks of what ends in each. */
export function substringTable(
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
