// SPDX-License-Identifier: Apache-2.0
import type { SourcePosition } from '../base/source-position.ts';
import { DimensionInput, HookLimit } from '../events/gen/layouts.ts';
import type { CelArgument, CelNode } from '../policy/cel-node.ts';
import { mapCelArguments } from './cel-arguments.ts';
import { foldCel } from './cel-fold.ts';
import { compileCel } from './cel-program.ts';
import { type CelRanges, celRanges, domainOf } from './cel-ranges.ts';
import type { Condition, ConditionInput } from './condition.ts';
import { complementOf, intersectionOf } from './number-set.ts';
import { numbersOfValue, rangeWords, wordsOf } from './number-words.ts';
import { attempt, type OnPlanError, PlanError, raise } from './plan-problem.ts';
import type { ValuePlan } from './value-plan.ts';

/** The expression of a CelExpr and its place in the policy. */
export interface PlacedExpression {
  readonly expression: CelNode;
  readonly at: SourcePosition;
}

/**
 * The conditions of a selector's expressions. Both sides of an outermost && are conditions of their own; those that compare
 * one value with constants become one condition on its numbers, which costs the same however many rules have one. The
 * others are computed. `entries` are the places of the hook's args among its values. `onError` hears of those that are too
 * long.
 */
export function celConditions(
  expressions: readonly PlacedExpression[],
  entries: readonly number[],
  values: readonly ValuePlan[],
  onError: OnPlanError = raise,
): Condition[] {
  const valueAt = (entry: number): ValuePlan => {
    const value = values[entry];
    if (value === undefined) throw new RangeError(`No value ${entry}`);
    return value;
  };
  const ranges = new Map<number, CelRanges>();
  const computed: Condition[] = [];
  for (const { expression, at } of expressions) {
    const placed = mapCelArguments(expression, (argument) => {
      const entry = entries[argument.entry] ?? 0;
      return asTyped({ ...argument, entry }, valueAt(entry));
    });
    for (const part of conjuncts(foldCel(placed))) {
      const found = celRanges(part);
      if (found !== undefined && isSigned(found.type) === valueAt(found.entry).shown.signed) {
        const set = intersectionOf(ranges.get(found.entry)?.set ?? [domainOf(found.type)], found.set);
        ranges.set(found.entry, { ...found, set });
      } else {
        attempt(() => checkLength(part, at), onError);
        computed.push({ at: inputOf(0), negated: false, accepted: { class: 'cel', expression: part } });
      }
    }
  }
  return [...[...ranges.values()].map((found) => numberCondition(found, valueAt(found.entry))), ...computed];
}

function inputOf(entry: number): ConditionInput {
  return { input: DimensionInput.INPUT_VALUE, entry, other: 0 };
}

function isSigned(type: CelArgument['type']): boolean {
  return type === 'int' || type === 'int32';
}

/** A value that was read with more bits than its type in expressions has, or with another sign, is cut like a conversion. */
function asTyped(argument: CelArgument, { bytes, bitWidth, shown }: ValuePlan): CelNode {
  const { type } = argument;
  if (type !== 'int32' && type !== 'uint32') return argument;
  const bits = bitWidth > 0 ? bitWidth : 8 * bytes;
  const signed = isSigned(type);
  const fits = shown.signed ? signed && bits <= 32 : bits < 32 || (!signed && bits === 32);
  return fits ? argument : { kind: 'call', type, operation: type, operands: [argument] };
}

function conjuncts(node: CelNode): CelNode[] {
  if (node.kind === 'constant' && node.value !== 0n) return [];
  if (node.kind !== 'call' || node.operation !== 'logicalAnd') return [node];
  return node.operands.flatMap(conjuncts);
}

/** Single numbers, or all but single numbers, stand in the same table as those of Equal and NotEqual. */
function numberCondition({ entry, set }: CelRanges, value: ValuePlan): Condition {
  const at = inputOf(entry);
  // The value may have fewer bits than its type in expressions.
  const domain = numbersOfValue(value);
  const held = intersectionOf(set, [domain]);
  for (const [ranges, negated] of [
    [held, false],
    [complementOf(held, domain), true],
  ] as const)
    if (ranges.every(({ from, to }) => from === to)) {
      const numbers = ranges.map(({ from }) => from);
      return { at, negated, accepted: { class: 'numbers', values: wordsOf(numbers, value) } };
    }
  return {
    at,
    negated: false,
    accepted: { class: 'ranges', ranges: rangeWords(held, value), signed: value.shown.signed },
  };
}

function checkLength(part: CelNode, at: SourcePosition): void {
  const { length } = compileCel(part);
  if (length <= HookLimit.HOOK_CEL_STEPS_MAX) return;
  throw new PlanError(
    at,
    `Cannot compute an expression of ${length} operations: at most ${HookLimit.HOOK_CEL_STEPS_MAX} fit`,
    'Divide it with && into parts or over several filters, which are computed one after the other.',
  );
}
