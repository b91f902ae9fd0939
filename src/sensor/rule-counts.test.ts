// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Hook } from '../events/hook.ts';
import type { CountingProgram } from './rule-counts.ts';
import { RuleCounts } from './rule-counts.ts';

/** A program whose rule n has hit `hits[n]` times. `policies`: a name and how many rules, in the order of the rules. */
function counting(hits: bigint[], ...policies: [string, number][]): CountingProgram {
  let firstRule = 0;
  const entries = policies.map(([name, rules]) => {
    const entry = { name, namespace: undefined, firstRule, rules: new Array(rules).fill({}) };
    firstRule += rules;
    return entry;
  });
  const hook = { id: 1, values: [], policies: entries } as unknown as Hook;
  const actionCounts = new Map([[0, { suppressed: 1n, acted: 2n }]]);
  return { hook, instance: { hits: () => BigUint64Array.from(hits), actionCounts: () => actionCounts } };
}

function hitsOf(counts: RuleCounts, ...programs: CountingProgram[]): string[] {
  return counts
    .read('target', programs)
    .map(({ policy, counts: rules }) => `${policy.name} ${rules.map(({ hits }) => hits).join(' ')}`);
}

test('what was counted outlives the programs, wherever a rule stands afterwards', () => {
  const counts = new RuleCounts();
  const before = counting([1n, 2n, 3n], ['a', 2], ['b', 1]);
  assert.deepEqual(hitsOf(counts, before), ['a 1 2', 'b 3']);
  counts.keep('target', [before]);
  const after = counting([10n, 20n, 30n], ['b', 1], ['a', 2]);
  assert.deepEqual(hitsOf(counts, after), ['b 13', 'a 21 32']);
  assert.deepEqual(
    counts.read('target', [after]).map(({ counts: [first] }) => [first?.suppressed, first?.acted]),
    [
      [1n, 2n],
      [1n, 2n],
    ],
  );
  counts.keep('target', [after]);
  assert.deepEqual(hitsOf(counts, counting([0n, 0n], ['a', 2])), ['a 21 32']);
});

test('entries of one policy, also in several programs, are counted apart', () => {
  const counts = new RuleCounts();
  const programs = [counting([1n, 2n], ['a', 1], ['a', 1]), counting([4n], ['a', 1])];
  counts.keep('target', programs);
  assert.deepEqual(hitsOf(counts, ...programs), ['a 2', 'a 4', 'a 8']);
  assert.deepEqual(
    counts.read('elsewhere', programs).map(({ counts: [rule] }) => rule?.hits),
    [1n, 2n, 4n],
  );
});

test('a policy that is forgotten begins at 0', () => {
  const counts = new RuleCounts();
  counts.keep('target', [counting([5n, 6n], ['a', 1], ['b', 1])]);
  counts.forget('/a');
  assert.deepEqual(hitsOf(counts, counting([0n, 0n], ['a', 1], ['b', 1])), ['a 0', 'b 6']);
});
