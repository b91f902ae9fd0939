// SPDX-License-Identifier: Apache-2.0
import {
  CelOperand,
  CelStepKind,
  CelStep as CelStepLayout,
  CelStepType,
  DimensionKind,
} from '../events/gen/layouts.ts';
import type { CelNode } from '../policy/cel-node.ts';
import { celEntries } from './cel-arguments.ts';
import { CEL_RESULT, type CelStep, compileCel } from './cel-program.ts';
import type { Dimension, RuleCondition } from './dimension-plan.ts';
import { RuleMask } from './rule-mask.ts';
import { makeArray } from './table.ts';

/** The steps of all expressions, each of which stands there once, and for each the rules that want it. */
export function celTable(
  conditions: readonly RuleCondition[],
  words: number,
): Pick<Dimension, 'kind' | 'count' | 'reads' | 'table' | 'output'> {
  const expressions = new Map<string, { expression: CelNode; rules: RuleMask }>();
  for (const { rule, condition } of conditions) {
    if (condition.accepted.class !== 'cel') continue;
    const { expression } = condition.accepted;
    const key = textOf(expression);
    let entry = expressions.get(key);
    if (entry === undefined) expressions.set(key, (entry = { expression, rules: new RuleMask(words) }));
    entry.rules.add(rule);
  }
  const all = [...expressions.values()];
  const rows = all.flatMap(({ expression }, number) => expressionRows(expression, number));
  return {
    kind: DimensionKind.DIMENSION_CEL,
    count: rows.length,
    reads: [...new Set(all.flatMap(({ expression }) => celEntries(expression)))],
    table: makeArray(rows, CelStepLayout.sizeof),
    output: makeArray(
      all.map(({ rules }) => rules.bytes),
      words * 8,
    ),
  };
}

function expressionRows(expression: CelNode, number: number): Uint8Array[] {
  const steps = compileCel(expression);
  const around = {
    type: CelStepType.CEL_TYPE_BOOL,
    target: CEL_RESULT,
    left: CEL_RESULT,
    right: CelOperand.CEL_CONSTANT,
    constant: BigInt(number),
  };
  return [
    stepBytes({ ...around, kind: CelStepKind.CEL_BEGIN }, steps.length + 1),
    ...steps.map((step) => stepBytes(step)),
    stepBytes({ ...around, kind: CelStepKind.CEL_DECIDE }),
  ];
}

function stepBytes({ kind, type, target, left, right, constant }: CelStep, skip = 0): Uint8Array {
  const view = new DataView(new ArrayBuffer(CelStepLayout.sizeof));
  view.setUint8(CelStepLayout.kind, kind);
  view.setUint8(CelStepLayout.type, type);
  view.setUint8(CelStepLayout.target, target);
  view.setUint8(CelStepLayout.left, left);
  view.setUint8(CelStepLayout.right, right);
  view.setUint16(CelStepLayout.skip, skip, true);
  view.setBigUint64(CelStepLayout.constant, BigInt.asUintN(64, constant), true);
  return new Uint8Array(view.buffer);
}

/** Equal texts of equal expressions. */
function textOf(expression: CelNode): string {
  return JSON.stringify(expression, (_, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  );
}
