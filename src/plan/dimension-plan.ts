// SPDX-License-Identifier: Apache-2.0
import type { DimensionKind } from '../events/gen/layouts.ts';
import type { Condition, ConditionInput } from './condition.ts';
import type { RuleMask } from './rule-mask.ts';
import type { StringSecret } from './string-key.ts';
import type { Table } from './table.ts';

/** An input under a class of operators: how the program looks it up, and the masks that it finds. Plain data. */
export interface Dimension {
  readonly kind: (typeof DimensionKind)[keyof typeof DimensionKind];
  readonly at: ConditionInput;
  readonly count: number;
  /** of bits: the rules want none of theirs; of substrings: letters are folded; of strings: also files by inode */
  readonly flag: boolean;
  /** of expressions: positions of the values that they name */
  readonly reads: readonly number[];
  readonly bias: bigint;
  readonly miss: RuleMask;
  readonly onError: RuleMask;
  readonly table: Table;
  /** of an automaton: masks by state; of expressions: the rules that want each */
  readonly output: Table | undefined;
}

/** A condition with the rule that it belongs to. */
export interface RuleCondition {
  readonly rule: number;
  readonly condition: Condition;
}

/** What all the dimensions of a hook have in common. */
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
