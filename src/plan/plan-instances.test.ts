// SPDX-License-Identifier: Apache-2.0
// How the rules of many policies share the words, values and tables of programs.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HookLimit } from '../events/gen/layouts.ts';
import type { Argument, Operand, Policy, Selector } from '../policy/model.ts';
import type { InstancePlan } from './instance-plan.ts';
import { planInstances } from './plan-instances.ts';
import { planPolicy } from './plan-policies.ts';
import { PlanError } from './plan-problem.ts';
import { argument, AT, condition, kernelFacts, policy, Random, rawHook, selector } from './testing.ts';

const SECRET = [1n, 2n] as const;
const RULES_MAX = HookLimit.HOOK_WORDS_MAX * 64;
const is = (number: number): Operand => ({ op: 'numbers', values: [BigInt(number)], lists: [] });

/** A policy of `count` selectors that each compare argument 0. */
function simple(name: string, count: number): Policy {
  const selectors = Array.from({ length: count }, (_, index) =>
    selector({ args: [condition(0, is(index))] }),
  );
  return policy(name, [rawHook([argument(0, 'long')], selectors)]);
}

function custom(name: string, args: readonly Argument[], selectors: readonly Selector[]): Policy {
  return policy(name, [rawHook(args, selectors)]);
}

function plan(...policies: Policy[]): InstancePlan[] {
  return planInstances(
    policies.flatMap((one) => [...planPolicy(one, kernelFacts()).values()].flat()),
    SECRET,
  );
}

/** As mask_keep_first() of bpf/lib/hook_match.h. */
function keepFirst({ words, rules }: InstancePlan, mask: readonly bigint[]): bigint[] {
  let decided = false;
  return Array.from({ length: words }, (_, w) => {
    if (rules.carries[w] !== true) decided = false;
    const word = decided ? 0n : (mask[w] ?? 0n);
    const last = rules.last.words[w] ?? 0n;
    const inverse = BigInt.asUintN(64, ~word);
    const added = BigInt.asUintN(64, (inverse & ~last) + (rules.first.words[w] ?? 0n));
    const kept = word & (added ^ (inverse & last));
    if (kept !== 0n) decided = true;
    return kept;
  });
}

/** That the first of each policy's rules is kept, whichever match, and that no rule belongs to two policies. */
function checkRules(instance: InstancePlan): void {
  const random = new Random(instance.words);
  const owned = new Set<number>();
  for (const { firstRule, rules } of instance.policies)
    for (let rule = firstRule; rule < firstRule + rules.length; rule++) {
      assert.ok(!owned.has(rule));
      owned.add(rule);
    }
  for (let rule = 0; rule < RULES_MAX; rule++) assert.equal(instance.rules.all.has(rule), owned.has(rule));
  for (let round = 0; round < 50; round++) {
    const density = random.pick([0.01, 0.1, 0.5, 1]);
    const matching = new Set([...owned].filter(() => random.chance(density)));
    const mask = Array.from({ length: instance.words }, (_, w) => bits(matching, w));
    const expected = new Set<number>();
    for (const { firstRule, rules } of instance.policies)
      for (let rule = firstRule; rule < firstRule + rules.length; rule++)
        if (matching.has(rule)) {
          expected.add(rule);
          break;
        }
    const kept = keepFirst(instance, mask);
    kept.forEach((word, w) => assert.equal(word, bits(expected, w), `word ${w}`));
  }
}

function bits(rules: ReadonlySet<number>, w: number): bigint {
  let word = 0n;
  for (let bit = 0; bit < 64; bit++) if (rules.has(w * 64 + bit)) word |= 1n << BigInt(bit);
  return word;
}

describe('rules', () => {
  for (const count of [1, 2, 63, 64, 65, 128, 129, 200, RULES_MAX])
    test(`one policy of ${count} selectors`, () => {
      const [instance, ...more] = plan(simple('one', count));
      assert.ok(instance !== undefined && more.length === 0);
      assert.equal(instance.words, Math.ceil(count / 64));
      assert.deepEqual(
        instance.rules.carries,
        Array.from({ length: instance.words }, (_, w) => w > 0),
      );
      checkRules(instance);
    });

  test('a policy without selectors has one rule, which always matches', () => {
    const [instance] = plan(custom('all', [argument(0, 'int')], []));
    assert.equal(instance?.rules.all.words[0], 1n);
    assert.equal(instance.dimensions.length, 0);
  });

  test('many policies of any size', () => {
    const random = new Random(4);
    for (let round = 0; round < 20; round++) {
      const sizes = random.list(1, 40, () => random.pick([1, 2, 5, 30, 63, 64, 65, 127, 128, 200]));
      const instances = plan(...sizes.map((size, index) => simple(`p${index}`, size)));
      instances.forEach(checkRules);
      assert.equal(instances.flatMap(({ policies }) => policies).length, sizes.length);
      for (const { words } of instances) assert.ok(words <= HookLimit.HOOK_WORDS_MAX);
    }
  });

  test('a policy that does not fit into what is left of a word begins the next', () => {
    const [instance] = plan(simple('a', 60), simple('b', 5), simple('c', 3));
    assert.deepEqual(
      instance?.policies.map(({ firstRule }) => firstRule),
      [0, 64, 69],
    );
    checkRules(instance);
  });

  test('the words of a long policy are its own', () => {
    const [instance] = plan(simple('long', 70), simple('b', 1));
    assert.deepEqual(
      instance?.policies.map(({ firstRule }) => firstRule),
      [0, 128],
    );
    assert.deepEqual(instance.rules.carries, [false, true, false]);
  });

  test('NoPost rules are there and send nothing', () => {
    const quiet = selector({ actions: [{ kind: 'NoPost', at: condition(0, is(1)).at }] });
    const [instance] = plan(custom('quiet', [argument(0, 'int')], [quiet, selector()]));
    assert.equal(instance?.rules.all.words[0], 0b11n);
    assert.equal(instance.rules.post.words[0], 0b10n);
  });
});

describe('values and tables', () => {
  test('policies share equal values and tables', () => {
    const [instance] = plan(...Array.from({ length: 50 }, (_, index) => simple(`p${index}`, 3)));
    assert.equal(instance?.values.length, 1);
    assert.equal(instance.dimensions.length, 1);
    assert.equal(instance.dimensions[0]?.table.entries, 3);
  });

  test('a second condition on a value gets a table of its own', () => {
    const twice = selector({ args: [condition(0, is(1), true), condition(0, is(2), true)] });
    const [instance] = plan(custom('twice', [argument(0, 'long')], [twice, twice]), simple('once', 4));
    assert.equal(instance?.dimensions.length, 2);
    assert.deepEqual(
      instance.dimensions.map(({ at }) => at.entry),
      [0, 0],
    );
  });

  test('entries are positions in the program', () => {
    const second = selector({ args: [condition(1, is(1))] });
    const [instance] = plan(
      custom('a', [argument(0, 'int'), argument(1, 'int')], [second]),
      custom('b', [argument(2, 'int'), argument(1, 'int')], [second]),
    );
    assert.deepEqual(
      instance?.values.map(({ index }) => index),
      [0, 1, 2],
    );
    assert.deepEqual(
      instance.policies.map(({ args }) => args.map(({ entry }) => entry)),
      [
        [0, 1],
        [2, 1],
      ],
    );
    assert.deepEqual(
      instance.dimensions.map(({ at }) => at.entry),
      [1],
    );
  });

  test('an argument that is named twice is read once', () => {
    const [instance] = plan(custom('a', [argument(0, 'int'), argument(0, 'int')], []));
    assert.equal(instance?.values.length, 1);
    assert.deepEqual(
      instance.policies[0]?.args.map(({ entry }) => entry),
      [0, 0],
    );
  });
});

describe('limits', () => {
  const TYPES = ['int8', 'uint8', 'int16', 'uint16', 'int', 'uint32', 'long', 'uint64'] as const;
  /** Different values: each argument in each type. */
  const values = Array.from({ length: 6 }, (_, index) => TYPES.map((type) => argument(index, type))).flat();
  const refused = (run: () => unknown): void =>
    assert.throws(run, (error) => error instanceof PlanError && error.message.includes('into one program'));

  test('a hook that is too much for a program is refused', () => {
    refused(() => plan(simple('rules', RULES_MAX + 1)));
    refused(() => plan(custom('values', values.slice(0, HookLimit.HOOK_VALUES_MAX + 1), [])));
    const layers = (count: number): Selector =>
      selector({ args: Array.from({ length: count }, (_, index) => condition(0, is(index), true)) });
    assert.equal(
      plan(custom('fits', [argument(0, 'int')], [layers(HookLimit.HOOK_DIMENSIONS_MAX)])).length,
      1,
    );
    refused(() => plan(custom('tables', [argument(0, 'int')], [layers(HookLimit.HOOK_DIMENSIONS_MAX + 1)])));
  });

  test('what does not fit beside the others gets another program', () => {
    assert.equal(plan(simple('a', RULES_MAX), simple('b', 1)).length, 2);
    const half = HookLimit.HOOK_VALUES_MAX / 2;
    const parts = [0, 1, 2].map((part) =>
      custom(`v${part}`, values.slice(part * half, (part + 1) * half), []),
    );
    assert.deepEqual(
      plan(...parts).map((instance) => instance.values.length),
      [2 * half, half],
    );
    const tables = values
      .slice(0, HookLimit.HOOK_DIMENSIONS_MAX)
      .map((value, index) =>
        custom(
          `t${index}`,
          [value],
          [selector({ args: [condition(0, is(1)), condition(0, { op: 'mask', values: [1n] })] })],
        ),
      );
    const instances = plan(...tables);
    assert.equal(instances.length, 2);
    for (const { dimensions } of instances) assert.equal(dimensions.length, HookLimit.HOOK_DIMENSIONS_MAX);
  });

  test('a policy that did not fit leaves nothing behind', () => {
    const [instance] = plan(
      simple('a', 1),
      custom('b', values.slice(8, 8 + HookLimit.HOOK_VALUES_MAX), [selector()]),
      simple('c', 1),
    );
    assert.deepEqual(
      instance?.policies.map(({ name }) => name),
      ['a', 'c'],
    );
    assert.equal(instance.values.length, 1);
    checkRules(instance);
  });
});

test('a value that could not be read: without an annotation a rule that acts matches what is a path', () => {
  const acts = (type: 'file' | 'string', annotation?: string): boolean | undefined => {
    const operand = { op: 'strings', match: 'prefix', values: ['/a/'], ignoreCase: false } as const;
    const actions = [{ kind: 'Sigkill', at: AT }] as const;
    const hook = rawHook([argument(0, type)], [selector({ args: [condition(0, operand)], actions })]);
    const extensions = new Map(annotation === undefined ? [] : [['on-unreadable', annotation]]);
    return plan(policy('p', [hook], { extensions }))[0]?.dimensions[0]?.onError.has(0);
  };
  assert.deepEqual([acts('file'), acts('string')], [true, false]);
  assert.deepEqual([acts('file', 'no-match'), acts('string', 'no-match')], [false, false]);
  assert.deepEqual([acts('file', 'match'), acts('string', 'match')], [true, true]);
});
