// SPDX-License-Identifier: Apache-2.0
import { DimensionInput } from '../events/gen/layouts.ts';
import type { ValueForm } from '../events/hook.ts';
import type { CelNode } from '../policy/cel-node.ts';
import type { FileIdentity } from './kernel-facts.ts';

/** What a condition looks at: a value of the hook, or something of the process. */
export interface ConditionInput {
  readonly input: (typeof DimensionInput)[keyof typeof DimensionInput];
  /** value, or kind of namespace */
  readonly entry: number;
  /** a second value */
  readonly other: number;
}

/** Inclusive. */
export interface NumberRange {
  readonly from: bigint;
  readonly to: bigint;
}

/** What it accepts. Numbers are unsigned 64-bit words as the kernel side has them. */
export type Accepted =
  | { readonly class: 'numbers'; readonly values: readonly bigint[] }
  /** `signed`: how the numbers order; disjoint or not */
  | { readonly class: 'ranges'; readonly ranges: readonly NumberRange[]; readonly signed: boolean }
  /** any of these bits */
  | { readonly class: 'bits'; readonly mask: bigint }
  /** `files`: these too, whatever path leads there; undefined: only by path */
  | {
      readonly class: 'strings';
      readonly values: readonly Uint8Array[];
      readonly files?: readonly FileIdentity[];
    }
  | { readonly class: 'prefixes' | 'postfixes'; readonly values: readonly Uint8Array[] }
  | { readonly class: 'substrings'; readonly values: readonly Uint8Array[]; readonly folded: boolean }
  | {
      readonly class: 'addresses';
      readonly networks: readonly { readonly address: Uint8Array; readonly prefixLength: number }[];
    }
  /** an expression of truth; its arguments are values. It looks at nothing else */
  | { readonly class: 'cel'; readonly expression: CelNode };

/** One condition of one rule. */
export interface Condition {
  readonly at: ConditionInput;
  readonly accepted: Accepted;
  readonly negated: boolean;
}

/** Whether it compares a path, which no program can keep from being read. `values` are those that a value input counts. */
export function isOfPath(
  { at: { input, entry } }: Condition,
  values: readonly { readonly shown: { readonly form: ValueForm } }[],
): boolean {
  return input === DimensionInput.INPUT_VALUE && values[entry]?.shown.form === 'path';
}

/** Whether it compares the binary of a process. A kernel thread has none, and satisfies no such condition. */
export function isOfBinary({ at: { input } }: Condition): boolean {
  return input === DimensionInput.INPUT_BINARY || input === DimensionInput.INPUT_PARENT_BINARY;
}

/** Its numbers; of another class none. */
export function numbersOf(accepted: Accepted): readonly bigint[] {
  return accepted.class === 'numbers' ? accepted.values : [];
}

/** Its strings, prefixes, postfixes or substrings. */
export function stringsOf(accepted: Accepted): readonly Uint8Array[] {
  return 'values' in accepted && accepted.class !== 'numbers' ? accepted.values : [];
}

/** Files that it also accepts by their inodes. */
export function filesOf(accepted: Accepted): readonly FileIdentity[] {
  return accepted.class === 'strings' ? (accepted.files ?? []) : [];
}

/** Its ranges; of another class none. */
export function rangesOf(accepted: Accepted): Extract<Accepted, { class: 'ranges' }>['ranges'] {
  return accepted.class === 'ranges' ? accepted.ranges : [];
}
