// SPDX-License-Identifier: Apache-2.0
// Expressions of CelExpr: what their steps come to, against the expressions themselves.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DimensionInput, HookLimit } from '../events/gen/layouts.ts';
import { parseCelExpression } from '../policy/cel-expression.ts';
import type { CelNode, CelType } from '../policy/cel-node.ts';
import type { ArgumentType } from '../policy/model.ts';
import { foldCel } from './cel-fold.ts';
import { compileCel } from './cel-program.ts';
import { runCel } from './cel-run-testing.ts';
import { evaluateCel, randomCel } from './cel-testing.ts';
import type { Dimension } from './dimension-plan.ts';
import { buildDimension } from './dimension.ts';
import { RuleMask } from './rule-mask.ts';
import { Random } from './testing.ts';

const TYPES: readonly ArgumentType[] = ['int', 'long', 'uint32', 'uint64'];
const CEL_TYPES: readonly CelType[] = ['int32', 'int', 'uint32', 'uint'];
const ALPHABET = { classes: new Uint8Array(256), classCount: 1 };

/** One rule for each expression. */
function dimensionOf(expressions: readonly CelNode[], matchOnError = new RuleMask(2)): Dimension {
  const at = { input: DimensionInput.INPUT_VALUE, entry: 0, other: 0 };
  const rules = expressions.map((expression, rule) => {
    const accepted = { class: 'cel', expression: foldCel(expression) } as const;
    return { rule, condition: { at, negated: false, accepted } };
  });
  const all = allOf(expressions.length);
  return buildDimension(rules, {
    ...{ words: 2, all, matchOnError, secret: [1n, 2n], alphabets: [ALPHABET, ALPHABET] },
  });
}

function allOf(count: number): RuleMask {
  const all = new RuleMask(2);
  for (let rule = 0; rule < count; rule++) all.add(rule);
  return all;
}

function parse(text: string): CelNode {
  return parseCelExpression(
    text,
    TYPES.map((type) => ({ type })),
  );
}

test('random expressions: their steps against themselves', () => {
  const random = new Random(18);
  const seen = { true: 0, false: 0, unknown: 0 };
  for (let round = 0; round < 300; round++) {
    const words = random.list(2, 5, () => random.word());
    const expressions = random.list(1, 80, () => randomCel(random, CEL_TYPES, words, random.below(5)));
    const matchOnError = new RuleMask(2);
    expressions.forEach((_, rule) => random.chance(0.5) && matchOnError.add(rule));
    const dimension = dimensionOf(expressions, matchOnError);
    const wanted = random.chance(0.5) ? allOf(expressions.length) : new RuleMask(2);
    if (!wanted.has(0)) expressions.forEach((_, rule) => random.chance(0.3) && wanted.add(rule));
    const values = CEL_TYPES.map((type) => {
      const word = random.pick(words) + BigInt(random.below(3)) - 1n;
      const bits = type.endsWith('32') ? 32 : 64;
      if (random.chance(0.1)) return undefined;
      return type.startsWith('u') ? BigInt.asUintN(bits, word) : BigInt.asIntN(bits, word);
    });
    const left = runCel(dimension, values, wanted);
    expressions.forEach((expression, rule) => {
      const result = evaluateCel(expression, values);
      seen[result === 'unknown' ? result : result === 1n ? 'true' : 'false']++;
      const holds = result === 'unknown' ? matchOnError.has(rule) : result === 1n;
      assert.equal(left.has(rule), wanted.has(rule) && holds, `round ${round}: ${shown(expression)}`);
    });
  }
  assert.ok(Math.min(seen.true, seen.false, seen.unknown) > 500, JSON.stringify(seen));
});

function shown(expression: CelNode): string {
  return JSON.stringify(expression, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value));
}

test('sums wrap at the width of their type; comparisons have its sign', () => {
  for (const [text, values, expected] of [
    ['arg0 + int32(1) == int32(-2147483648)', [2147483647n, 0n, 0n, 0n], true],
    ['arg0 - int32(1) > int32(0)', [-2147483648n, 0n, 0n, 0n], true],
    ['arg1 + 1 < 0', [0n, 9223372036854775807n, 0n, 0n], true],
    ['arg2 + uint32(1u) == uint32(0u)', [0n, 0n, 4294967295n, 0n], true],
    ['arg3 - 1u == 18446744073709551615u', [0n, 0n, 0n, 0n], true],
    ['not(arg2) == uint32(4294967295u)', [0n, 0n, 0n, 0n], true],
    ['not(arg0) == int32(-1)', [0n, 0n, 0n, 0n], true],
    ['arg0 < int32(0)', [-1n, 0n, 0n, 0n], true],
    ['arg3 < 9223372036854775808u', [0n, 0n, 0n, 18446744073709551615n], false],
    ['int32(arg1) == arg0', [-1n, 0xffff_ffffn, 0n, 0n], true],
  ] as const) {
    assert.equal(runCel(dimensionOf([parse(text)]), values, allOf(1)).has(0), expected, text);
  }
});

test('equal expressions of several rules stand there once', () => {
  const { count, output, reads } = dimensionOf(
    ['arg1 + 1 > 5', 'arg1 + 1 > 5', 'arg3 == arg3 - 1u'].map(parse),
  );
  assert.deepEqual([count, output?.entries, reads], [8, 2, [1, 3]]);
});

test('what is known before is left out', () => {
  for (const [text, folded] of [
    ['1 + 1 == 2', 'true'],
    ['1 == 2 || (arg1 + arg1 == 7 || 3u < 2u)', 'arg1 + arg1 == 7'],
    ['arg1 == 7 && xor(1, 1) == 1', 'false'],
    ['arg0 == int32(2147483647) + int32(1)', 'arg0 == int32(-2147483648)'],
  ] as const)
    assert.deepEqual(foldCel(parse(text)), foldCel(parse(folded)));
});

test('registers are few, however the expression leans', () => {
  const most = (text: string): number =>
    Math.max(...compileCel(foldCel(parse(text))).map(({ target }) => target));
  const nest = (open: string, close: string): string => `${open.repeat(200)}arg1${close.repeat(200)} == 7`;
  for (const text of [nest('(arg1 + ', ')'), nest('(', ' - arg1)'), nest('or(arg1, ', ')')])
    assert.equal(most(text), HookLimit.HOOK_VALUES_MAX, text.slice(0, 20));
  const full = (depth: number): string =>
    depth === 0 ? 'arg1' : `xor(${full(depth - 1)}, ${full(depth - 1)})`;
  assert.ok(most(`${full(7)} == 1`) < HookLimit.HOOK_CEL_REGISTERS);
});
