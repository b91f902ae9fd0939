// SPDX-License-Identifier: Apache-2.0
// What conditions become of expressions: ranges and sets of one value's numbers, and what has to be computed.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HookLimit, ValueSource } from '../events/gen/layouts.ts';
import { parseCelExpression } from '../policy/cel-expression.ts';
import type { CelNode, CelType } from '../policy/cel-node.ts';
import type { ArgumentType } from '../policy/model.ts';
import { celConditions } from './cel-condition.ts';
import { compileCel } from './cel-program.ts';
import { evaluateCel, randomCel } from './cel-testing.ts';
import type { Condition } from './condition.ts';
import { numbersOfValue } from './number-words.ts';
import { PlanError } from './plan-problem.ts';
import { AT, Random } from './testing.ts';
import { makeValue, typeFacts, type ValuePlan } from './value-plan.ts';

const TYPES: readonly ArgumentType[] = ['int', 'long', 'uint32', 'uint64'];
const CEL_TYPES: readonly CelType[] = ['int32', 'int', 'uint32', 'uint'];
/** By argument; the values stand in another order. */
const ENTRIES = [2, 0, 3, 1];

function valueOf(argument: number, more: Partial<ValuePlan> = {}): ValuePlan {
  const type = TYPES[argument] ?? 'int';
  const facts = typeFacts(type);
  assert.ok(facts !== undefined);
  return makeValue(type, facts, { source: ValueSource.SOURCE_ARGUMENT, ...more });
}

const VALUES = ENTRIES.map((_, entry) => valueOf(ENTRIES.indexOf(entry)));

function parse(text: string): CelNode {
  return parseCelExpression(
    text,
    TYPES.map((type) => ({ type })),
  );
}

function conditionsOf(texts: string | readonly string[], values = VALUES): Condition[] {
  const expressions = [texts].flat().map((text) => ({ expression: parse(text), at: AT }));
  return celConditions(expressions, ENTRIES, values);
}

/** Of the values' words as the kernel side has them; undefined: unreadable. */
function holds({ at, accepted, negated }: Condition, words: readonly (bigint | undefined)[]): Truth {
  if (accepted.class === 'cel') return truthOf(evaluateCel(accepted.expression, words));
  const word = words[at.entry];
  if (word === undefined) return 'unknown';
  if (accepted.class === 'numbers') return accepted.values.includes(BigInt.asUintN(64, word)) !== negated;
  assert.ok(accepted.class === 'ranges' && !negated);
  const ordered = (one: bigint): bigint => (accepted.signed ? BigInt.asIntN(64, one) : one);
  return accepted.ranges.some(({ from, to }) => ordered(from) <= word && word <= ordered(to));
}

type Truth = boolean | 'unknown';

function truthOf(result: bigint | 'unknown'): Truth {
  return result === 'unknown' ? result : result === 1n;
}

test('random expressions: their conditions against themselves', () => {
  const random = new Random(7);
  const classes = new Map<string, number>();
  for (let round = 0; round < 6000; round++) {
    const words = random.list(2, 5, () => random.word());
    const values = VALUES.map((value) =>
      random.chance(0.5)
        ? value
        : { ...value, bytes: random.pick([1, 2, 4, 8]), bitWidth: random.pick([0, 0, 7]) },
    );
    const numbers = values.map((value) => {
      const { from, to } = numbersOfValue(value);
      const word = random.pick(words) + BigInt(random.below(3)) - 1n;
      if (random.chance(0.1)) return undefined;
      return from < 0n ? BigInt.asIntN(64, word) % (to + 1n) : BigInt.asUintN(64, word) % (to + 1n);
    });
    const expressions = random.list(1, 3, () => randomCel(random, CEL_TYPES, words, random.below(4)));
    const conditions = celConditions(
      expressions.map((expression) => ({ expression, at: AT })),
      ENTRIES,
      values,
    );
    for (const { accepted } of conditions)
      classes.set(accepted.class, (classes.get(accepted.class) ?? 0) + 1);
    const byArgument = ENTRIES.map((entry) => numbers[entry]);
    assert.equal(
      together(conditions.map((condition) => holds(condition, numbers))),
      together(expressions.map((expression) => truthOf(evaluateCel(expression, byArgument)))),
      `round ${round}`,
    );
  }
  for (const name of ['numbers', 'ranges', 'cel']) assert.ok((classes.get(name) ?? 0) > 300, name);
});

function together(truths: readonly Truth[]): Truth {
  if (truths.includes(false)) return false;
  return truths.includes('unknown') ? 'unknown' : true;
}

describe('what becomes of an expression', () => {
  const acceptedOf = (texts: string | readonly string[]): unknown[] =>
    conditionsOf(texts).map(({ at, negated, accepted }) =>
      accepted.class === 'cel' ? 'computed' : [at.entry, negated, accepted],
    );
  const most = (1n << 64n) - 1n;

  test('comparisons of one value are ranges of its numbers', () => {
    const ranges = [
      { from: 6n, to: 9n },
      { from: 101n, to: (1n << 63n) - 1n },
    ];
    assert.deepEqual(acceptedOf('(arg1 > 5 && 10 > arg1) || !(arg1 <= 100)'), [
      [0, false, { class: 'ranges', ranges, signed: true }],
    ]);
  });

  test('single numbers stand where those of Equal and NotEqual do', () => {
    assert.deepEqual(acceptedOf('arg0 == int32(-1) || arg0 == int32(7)'), [
      [2, false, { class: 'numbers', values: [most, 7n] }],
    ]);
    assert.deepEqual(acceptedOf('arg3 != 5u && arg3 <= 18446744073709551614u'), [
      [1, true, { class: 'numbers', values: [5n, most] }],
    ]);
  });

  test('several expressions of a selector make one condition of a value', () => {
    const ranges = [{ from: 2n, to: 3n }];
    assert.deepEqual(acceptedOf(['arg2 > uint32(1u)', 'arg3 + 1u == 2u', 'arg2 < uint32(4u)']), [
      [3, false, { class: 'ranges', ranges, signed: false }],
      'computed',
    ]);
  });

  test('what holds always or never needs no computing', () => {
    assert.deepEqual(acceptedOf('1 + 1 == 2'), []);
    assert.deepEqual(acceptedOf('arg1 > 5 && arg1 < 5'), [[0, false, { class: 'numbers', values: [] }]]);
    assert.deepEqual(acceptedOf('arg3 >= 0u'), [[1, true, { class: 'numbers', values: [] }]]);
  });

  test('both sides of an outermost && are computed for themselves', () => {
    assert.deepEqual(acceptedOf('arg1 + arg1 == 2 && (arg0 == arg0 && xor(arg3, 1u) == 5u)'), [
      ...['computed', 'computed', 'computed'],
    ]);
  });
});

test('a value that was read with more bits is cut to its type', () => {
  const wide = VALUES.with(2, valueOf(0, { bytes: 8 }));
  const [condition] = conditionsOf('arg0 == int32(3)', wide);
  assert.ok(condition?.accepted.class === 'cel');
  assert.equal(compileCel(condition.accepted.expression).length, 2);
});

test('an expression that is too long is refused at its place', () => {
  const long = (operations: number): string => `arg1${' + arg1'.repeat(operations - 1)} == 3`;
  assert.equal(conditionsOf(long(HookLimit.HOOK_CEL_STEPS_MAX)).length, 1);
  assert.throws(
    () => conditionsOf(long(HookLimit.HOOK_CEL_STEPS_MAX + 1)),
    (error) =>
      error instanceof PlanError && error.at === AT && /257 operations: at most 256/.test(error.message),
  );
});
