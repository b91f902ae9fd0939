// SPDX-License-Identifier: Apache-2.0
// Post with rateLimit: one event per interval for the same rule and values, in its scope.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { planInstances } from '../../src/plan/plan-instances.ts';
import { planPolicy } from '../../src/plan/plan-policies.ts';
import { argument, AT, kernelFacts, policy, rawHook, selector } from '../../src/plan/testing.ts';
import type { Action } from '../../src/policy/model.ts';
import { HookBed } from './support/hook-bed.ts';
import type { HookExport } from './support/policy-run.ts';
import { runWithPolicy } from './support/policy-run.ts';
import { program } from './support/programs.ts';
import { requires } from './support/requirements.ts';
import { runProgram } from './support/subject.ts';

const PROCESSES = 2;
const THREADS = 2;
const ROUNDS = 6;
const MODES = 4;
/** Two of them differ far behind their beginning, and one is the beginning of another. */
const LONG = `/merlon-rate/${'x'.repeat(200)}`;
const PATHS = ['/merlon-rate/short', LONG, `${LONG}a`, `${LONG}b`];

function document(name: string, values: string, limit: string): string {
  return `
apiVersion: cilium.io/v1alpha1
kind: TracingPolicy
metadata:
  name: ${name}
spec:
  kprobes:
  - call: sys_faccessat
    syscall: true
    args: [${values}]
    selectors:
    - matchArgs:
      - {index: 1, operator: Prefix, values: ["/merlon-rate/"]}
      matchActions:
      - {action: Post${limit}}
`;
}

const PATH = '{index: 1, type: string}';
const PATH_AND_MODE = '{index: 1, type: string}, {index: 2, type: int}';
const limit = (interval: string, scope: string): string =>
  `, rateLimit: ${interval}, rateLimitScope: ${scope}`;

describe('rate limits', { skip: requires('root', 'btf') }, () => {
  let events: Map<string, HookExport[]>;
  let calls = 0;
  const countOf = (name: string): number => events.get(name)?.length ?? 0;

  before(async () => {
    const policies = [
      document('every', PATH_AND_MODE, ''),
      document('thread', PATH, limit('1h', 'thread')),
      document('process', PATH, limit('60m', 'process')),
      document('global', PATH, limit('3600s', 'global')),
      document('modes', PATH_AND_MODE, limit('1h', 'global')),
      document('second', PATH, limit('1s', 'global')),
    ].join('---');
    const counts = [PROCESSES, THREADS, ROUNDS, 400].map(String);
    const found = await runWithPolicy(policies, async () => {
      ({ calls } = await runProgram<{ calls: number }>(program('repeat-access'), [...counts, ...PATHS]));
    });
    events = Map.groupBy(found, ({ policy_name }) => policy_name);
  });

  test('a rule without a limit, on the same hook, sends everything', () => {
    assert.equal(calls, PROCESSES * THREADS * ROUNDS * PATHS.length);
    assert.equal(countOf('every'), calls);
  });

  test('thread: once for each thread and path', () => {
    assert.equal(countOf('thread'), PROCESSES * THREADS * PATHS.length);
    const distinct = new Set(
      events.get('thread')?.map(({ process, args }) => `${process.tid} ${String(args[0]?.string_arg)}`),
    );
    assert.equal(distinct.size, countOf('thread'));
  });

  test('process: once for each process and path', () => {
    assert.equal(countOf('process'), PROCESSES * PATHS.length);
  });

  test('global: once for each path, whatever values other policies read', () => {
    assert.deepEqual(
      events
        .get('global')
        ?.map(({ args }) => args[0]?.string_arg)
        .sort(),
      [...PATHS].sort(),
    );
  });

  test('global: once for each path and mode', () => {
    assert.equal(countOf('modes'), PATHS.length * MODES);
  });

  test('after the interval again, not before', () => {
    for (const path of PATHS) {
      const times = (events.get('second') ?? [])
        .filter(({ args }) => args[0]?.string_arg === path)
        .map(({ time }) => BigInt(Date.parse(time)))
        .sort();
      // Six rounds with 400 ms after each take 2 s from the first to the last.
      assert.ok(times.length >= 2, `${times.length} events`);
      // Times of a clock that can be set; read here to the millisecond.
      times.slice(1).forEach((time, index) => assert.ok(time - (times[index] ?? 0n) >= 999n));
    }
  });
});

describe('counts of a rate limit', { skip: requires('root', 'btf') }, () => {
  let bed: HookBed;
  before(() => (bed = new HookBed([1n, 2n])));
  after(() => bed.close());

  test('what is kept back is counted with its rule', () => {
    const post = (intervalMs?: number): Action => ({
      ...{ kind: 'Post', kernelStackTrace: false, userStackTrace: false, imaHash: false, at: AT },
      rateLimit: intervalMs === undefined ? undefined : { intervalMs, scope: 'global' },
    });
    const hook = rawHook(
      [argument(0, 'uint64')],
      [selector({ actions: [post(3_600_000)] }), selector({ actions: [post()] })],
    );
    const planned = [...planPolicy(policy('counted', [hook]), kernelFacts()).values()].flat();
    bed.load(planInstances(planned, bed.secret));
    const sent = [7n, 7n, 8n, 7n, 8n, 8n].map((value) => bed.hit([value, 0n, 0n, 0n, 0n, 0n]).length);
    assert.deepEqual(sent, [1, 0, 1, 0, 0, 0]);
    assert.deepEqual(bed.suppressed(), [new Map([[0, 4n]])]);
  });
});
