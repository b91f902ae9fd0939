// SPDX-License-Identifier: Apache-2.0
// Each class of conditions: what its table says of random values, against the conditions one by one.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DimensionInput } from '../events/gen/layouts.ts';
import { classify } from './automaton.ts';
import type { Accepted } from './condition.ts';
import type { RuleCondition } from './dimension-plan.ts';
import { buildDimension, dimensionKey } from './dimension.ts';
import { type DimensionValue, lookUp, useAlphabets } from './dimension-testing.ts';
import { RuleMask } from './rule-mask.ts';
import { Random } from './testing.ts';

const SECRET = [3n, 5n] as const;
const WHERE = { input: DimensionInput.INPUT_VALUE, entry: 0, other: 0 };
const MAX = (1n << 64n) - 1n;
const signedOf = (word: bigint): bigint => BigInt.asIntN(64, word);

/** Whether the value is among what is accepted, the obvious way. */
function accepts(accepted: Accepted, value: DimensionValue): boolean {
  const number = typeof value === 'bigint' ? value : 0n;
  const text = typeof value === 'bigint' ? '' : Buffer.from(value).toString('latin1');
  const texts = (values: readonly Uint8Array[]): string[] =>
    values.map((bytes) => Buffer.from(bytes).toString('latin1'));
  switch (accepted.class) {
    case 'numbers':
      return accepted.values.includes(number);
    case 'ranges':
      return accepted.ranges.some(({ from, to }) =>
        accepted.signed
          ? signedOf(from) <= signedOf(number) && signedOf(number) <= signedOf(to)
          : from <= number && number <= to,
      );
    case 'bits':
      return (number & accepted.mask) !== 0n;
    case 'strings':
      return texts(accepted.values).includes(text);
    case 'prefixes':
      return texts(accepted.values).some((prefix) => text.startsWith(prefix));
    case 'postfixes':
      return texts(accepted.values).some((postfix) => text.endsWith(postfix));
    case 'substrings': {
      const folded = (letters: string): string => (accepted.folded ? letters.toLowerCase() : letters);
      return texts(accepted.values).some((part) => folded(text).includes(folded(part)));
    }
    case 'addresses':
    case 'cel':
      throw new RangeError('They have a test of their own');
  }
}

interface Case {
  readonly accepted: (random: Random) => Accepted;
  readonly value: (random: Random) => DimensionValue;
  /** of all conditions; undefined: mixed */
  readonly negated?: boolean;
}

function check({ accepted, value, negated }: Case, seed: number, rounds = 60): void {
  const random = new Random(seed);
  for (let round = 0; round < rounds; round++) {
    const rules = 1 + random.below(200);
    const words = Math.ceil(rules / 64);
    const all = new RuleMask(words);
    const matchOnError = new RuleMask(words);
    const conditions: RuleCondition[] = [];
    for (let rule = 0; rule < rules; rule++) {
      all.add(rule);
      if (random.chance(0.5)) matchOnError.add(rule);
      const isNegated = negated ?? random.chance(0.4);
      if (rule === 0 || random.chance(0.7))
        conditions.push({
          rule,
          condition: { at: WHERE, negated: isNegated, accepted: accepted(random) },
        });
    }
    const patterns = (folded: boolean): Uint8Array[] =>
      conditions.flatMap(({ condition: { accepted: one } }) =>
        one.class === 'substrings' && one.folded === folded ? one.values : [],
      );
    const alphabets = [classify(patterns(false), false), classify(patterns(true), true)] as const;
    useAlphabets(alphabets.map(({ classes }) => classes));
    const dimension = buildDimension(conditions, { words, all, matchOnError, secret: SECRET, alphabets });
    const constrained = new Map(conditions.map(({ rule, condition }) => [rule, condition]));
    for (let rule = 0; rule < rules; rule++)
      assert.equal(dimension.onError.has(rule), !constrained.has(rule) || matchOnError.has(rule));
    for (let input = 0; input < 30; input++) {
      const one = value(random);
      const mask = lookUp(dimension, one, SECRET);
      for (let rule = 0; rule < rules; rule++) {
        const condition = constrained.get(rule);
        const expected = condition === undefined || accepts(condition.accepted, one) !== condition.negated;
        assert.equal(mask.has(rule), expected, `rule ${rule} of ${rules}, value ${String(one)}`);
      }
    }
  }
}

const texts = (random: Random): Uint8Array[] => random.list(1, 5, () => Buffer.from(random.text(1, 8)));
const text = (random: Random): Uint8Array => Buffer.from(random.text(0, 12));
const EDGES = [0n, 1n, MAX, MAX - 1n, 1n << 63n, (1n << 63n) - 1n, (1n << 63n) + 1n, 5n, 6n, 7n];

describe('a table against its conditions', () => {
  test('numbers', () =>
    check(
      {
        accepted: (random) => ({ class: 'numbers', values: random.list(0, 6, () => random.pick(EDGES)) }),
        value: (random) => random.pick(EDGES),
      },
      1,
    ));

  for (const signed of [false, true])
    test(`ranges, ${signed ? 'signed' : 'unsigned'}: at the edges, overlapping and touching`, () => {
      const order = signed ? signedOf : (word: bigint): bigint => word;
      const range = (random: Random): { from: bigint; to: bigint } => {
        const [a, b] = [random, random].map((source) =>
          source.chance(0.8) ? source.pick(EDGES) : source.word(),
        );
        const [from = 0n, to = 0n] = [a ?? 0n, b ?? 0n].toSorted((x, y) => (order(x) < order(y) ? -1 : 1));
        return { from, to };
      };
      check(
        {
          accepted: (random) => ({
            class: 'ranges',
            signed,
            ranges: random.list(1, 4, () => range(random)),
          }),
          value: (random) =>
            random.chance(0.8)
              ? BigInt.asUintN(64, random.pick(EDGES) + random.pick([-1n, 0n, 1n]))
              : random.word(),
        },
        2,
        100,
      );
    });

  for (const negated of [false, true])
    test(`bits, ${negated ? 'none of them' : 'any of them'}`, () =>
      check(
        {
          accepted: (random) => ({ class: 'bits', mask: random.chance(0.1) ? 0n : random.word() }),
          value: (random) => (random.chance(0.3) ? 1n << BigInt(random.below(64)) : random.word()),
          negated,
        },
        3,
      ));

  for (const kind of ['strings', 'prefixes', 'postfixes'] as const)
    test(kind, () =>
      check({ accepted: (random) => ({ class: kind, values: texts(random) }), value: text }, 4),
    );

  for (const folded of [false, true])
    test(`substrings${folded ? ' with letters folded' : ''}`, () =>
      check(
        {
          accepted: (random) => ({ class: 'substrings', folded, values: texts(random) }),
          value: text,
          negated: false,
        },
        5,
      ));
});

test('addresses: networks of both families, nested', () => {
  const random = new Random(6);
  const address = (family: number): Uint8Array =>
    Uint8Array.from({ length: family === 4 ? 4 : 16 }, () => random.pick([0, 10, 192, 255]));
  const bitsOf = (bytes: Uint8Array): string =>
    [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  for (let round = 0; round < 200; round++) {
    const rules = random.list(1, 20, () => ({
      negated: random.chance(0.4),
      networks: random.list(1, 4, () => {
        const bytes = address(random.pick([4, 6]));
        return { address: bytes, prefixLength: random.below(bytes.length * 8 + 1) };
      }),
    }));
    const all = new RuleMask(1);
    rules.forEach((_, rule) => all.add(rule));
    const none = classify([], false);
    const dimension = buildDimension(
      rules.map(({ negated, networks }, rule) => ({
        rule,
        condition: { at: WHERE, negated, accepted: { class: 'addresses', networks } },
      })),
      { words: 1, all, matchOnError: all, secret: SECRET, alphabets: [none, none] },
    );
    for (let input = 0; input < 30; input++) {
      const bytes = address(random.pick([4, 6]));
      const mask = lookUp(dimension, Uint8Array.of(bytes.length === 4 ? 4 : 6, ...bytes), SECRET);
      rules.forEach(({ negated, networks }, rule) => {
        const within = networks.some(
          (network) =>
            network.address.length === bytes.length &&
            bitsOf(bytes).startsWith(bitsOf(network.address).slice(0, network.prefixLength)),
        );
        assert.equal(mask.has(rule), within !== negated);
      });
    }
  }
});

test('what cannot stand in one table has another key', () => {
  const key = (accepted: Accepted, negated = false, entry = 0): string =>
    dimensionKey({ at: { ...WHERE, entry }, accepted, negated });
  const numbers: Accepted = { class: 'numbers', values: [1n] };
  const range = (signed: boolean): Accepted => ({ class: 'ranges', ranges: [], signed });
  const parts = (folded: boolean): Accepted => ({ class: 'substrings', values: [], folded });
  assert.equal(key(numbers), key({ class: 'numbers', values: [] }, true));
  const others = [
    ...[key(numbers), key(numbers, false, 1), key(range(true)), key(range(false))],
    ...[key(parts(true)), key(parts(false)), key({ class: 'bits', mask: 1n })],
    ...[key({ class: 'bits', mask: 1n }, true), key({ class: 'strings', values: [] })],
    ...[key({ class: 'prefixes', values: [] }), key({ class: 'postfixes', values: [] })],
  ];
  assert.equal(new Set(others).size, others.length);
});
