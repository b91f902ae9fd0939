// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Policy } from '../policy/model.ts';
import { compareSets } from './compare-sets.ts';
import { estimatedBytes, estimatedNs } from './estimate.ts';
import { dimensionText, reasonFor } from './explain-plan.ts';
import { type PlannedSet, planSet } from './plan-set.ts';
import { argument, AT, condition, kernelFacts, policy, rawHook, selector } from './testing.ts';

const plan = (...policies: Policy[]): PlannedSet => planSet(policies, kernelFacts(), { requests: 'none' });

/** Accepts numbers in the first argument. */
function numbers(name: string, ...values: bigint[]): Policy {
  const accepted = condition(0, { op: 'numbers', values, lists: [] });
  return policy(name, [rawHook([argument(0, 'uint64')], [selector({ args: [accepted] })])]);
}

function changes(before: PlannedSet, after: PlannedSet): string[] {
  const { policies, programs } = compareSets(before, after);
  return [
    ...policies.map(({ name, change }) => `${name} ${change}`),
    ...programs.map(({ key, part, change }) => `${key}#${part} ${change}`),
  ];
}

test('policies and programs that are new, removed, changed and unchanged', () => {
  const a = plan(numbers('a', 1n));
  assert.deepEqual(changes(plan(), a), ['a new', 'raw_tracepoint:test#0 new']);
  assert.deepEqual(changes(a, plan()), ['a removed', 'raw_tracepoint:test#0 removed']);
  assert.deepEqual(changes(a, plan(numbers('a', 1n))), ['a unchanged', 'raw_tracepoint:test#0 unchanged']);
  assert.deepEqual(changes(a, plan(numbers('a', 2n))), ['a changed', 'raw_tracepoint:test#0 changed']);
  assert.deepEqual(changes(a, plan(numbers('a', 1n), numbers('b', 2n))), [
    ...['a unchanged', 'b new', 'raw_tracepoint:test#0 changed'],
  ]);
});

test('where a policy stands does not change it', () => {
  const moved = { ...numbers('a', 1n), at: { ...AT, file: 'other.yaml', line: 9 } };
  assert.deepEqual(changes(plan(numbers('a', 1n)), plan(moved)), [
    ...['a unchanged', 'raw_tracepoint:test#0 unchanged'],
  ]);
});

test('a policy with a problem is in no program, and the others are', () => {
  const broken = policy('broken', [rawHook([], [], 'nothing')]);
  const { policies, programs } = plan(broken, numbers('a', 1n));
  assert.deepEqual(
    policies.map(({ problems }) => problems.length),
    [1, 0],
  );
  assert.deepEqual(
    programs.map(({ plan: { policies: own } }) => own.map(({ name }) => name)),
    [['a']],
  );
});

test('estimates grow with what a program holds', () => {
  const of = (set: PlannedSet): { bytes: number; ns: number } => {
    const [program] = set.programs;
    assert(program !== undefined);
    return { bytes: estimatedBytes(program.plan), ns: estimatedNs(program.plan) };
  };
  const few = of(plan(numbers('a', 1n)));
  const many = of(plan(numbers('a', ...Array.from({ length: 1000 }, (_, n) => BigInt(n)))));
  const bare = of(plan(policy('bare', [rawHook([], [])])));
  assert.deepEqual([bare.bytes, few.ns - bare.ns, many.ns - few.ns], [0, 30, 0]);
  // An entry has a header, a key, a mask, and its share of the buckets.
  assert(many.bytes - few.bytes > 999 * 64 && many.bytes - few.bytes < 999 * 96);
});

test('a program is explained', () => {
  const [program] = plan(numbers('a', 1n)).programs;
  const [dimension] = program?.plan.dimensions ?? [];
  assert(program !== undefined && dimension !== undefined);
  assert.equal(dimensionText(dimension, program.plan), 'numbers of value 0 (uint64)');
  const attach = { trampoline: true, lsm: false, kprobe: true, kprobeMulti: false };
  const facts = { attach, refusals: new Map([['fexit:f', 'EBUSY']]) };
  assert.equal(reasonFor(program.plan.attach, facts), 'the policy names it');
  assert.match(reasonFor({ by: 'fentry', functionName: 'f' }, facts), /trampolines/);
  assert.match(reasonFor({ by: 'kretprobe', functionName: 'f' }, facts), /refuses a trampoline \(EBUSY\)/);
});
