// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HookFlag, RateScope, RuleAction } from '../events/gen/layouts.ts';
import type { Action, LsmHook, RateLimit } from '../policy/model.ts';
import { actionBytes, actionFlags } from './config-bytes.ts';
import type { InstancePlan } from './instance-plan.ts';
import type { ActionOptions } from './plan-actions.ts';
import { planActions, planRequests } from './plan-actions.ts';
import { planInstances } from './plan-instances.ts';
import { planPolicy } from './plan-policies.ts';
import { PlanError } from './plan-problem.ts';
import { argument, AT, kernelFacts, policy, rawHook, selector } from './testing.ts';

const SECRET = [1n, 2n] as const;
const HOOK = rawHook([argument(0, 'uint64'), argument(1, 'nop'), argument(2, 'sock')], []);
const PLACES = { args: [0, -1, 1], returnValue: undefined };

function post(rateLimit?: RateLimit, imaHash = false): Action {
  return { kind: 'Post', rateLimit, kernelStackTrace: false, userStackTrace: false, imaHash, at: AT };
}

const NO_POST: Action = { kind: 'NoPost', at: AT };
const GET: Action = { kind: 'GetUrl', url: 'http://test.example/', at: AT };
const LOOK_UP: Action = { kind: 'DnsLookup', fqdn: 'test.example', at: AT };

/** The one program of policies whose hooks are all on the raw tracepoint. */
function instanceOf(...policies: Parameters<typeof planPolicy>[0][]): InstancePlan {
  const hooks = policies.flatMap((one) => [...planPolicy(one, kernelFacts()).values()].flat());
  const [plan] = planInstances(hooks, SECRET);
  assert.ok(plan !== undefined);
  return plan;
}

describe('actions of a selector', () => {
  const planned = (...actions: Action[]): ReturnType<typeof planActions> =>
    planActions(selector({ actions }), HOOK, PLACES);

  test('none: the rule posts', () => {
    const { posts, limit, track, untrack } = planActions(undefined, HOOK, PLACES);
    assert.deepEqual(
      { posts, limit, track, untrack },
      { posts: true, limit: undefined, track: [], untrack: [] },
    );
  });

  test('a limit, the longest of several; none where nothing is posted', () => {
    const short = post({ intervalMs: 5, scope: 'thread' });
    const long = post({ intervalMs: 7, scope: 'process' });
    assert.deepEqual(planned(short, long).limit, { intervalNs: 7_000_000n, scope: RateScope.RATE_PROCESS });
    assert.equal(planned(long, NO_POST).limit, undefined);
  });

  test('sockets by their place among the values', () => {
    const track: Action = { kind: 'TrackSock', argument: 2, at: AT };
    assert.deepEqual(planned(track).track, [1]);
    assert.deepEqual(planned({ ...track, kind: 'UntrackSock' }).untrack, [1]);
  });

  test('returnArgAction is of what the function returns', () => {
    const returning = { ...HOOK, returnArgAction: 'TrackSock' } as unknown as typeof HOOK;
    assert.deepEqual(planActions(undefined, returning, { ...PLACES, returnValue: 3 }).track, [3]);
  });

  test('an action that takes back what another one notes is refused', () => {
    const notify: Action = { kind: 'NotifyEnforcer', error: 0, signal: 9, at: AT };
    const cleanup: Action = { kind: 'CleanupEnforcerNotification', at: AT };
    planned(cleanup);
    assert.throws(() => planned(notify, cleanup), PlanError);
  });

  test('what acts on the operation is refused when the function has run; a signal is not', () => {
    const late = (...returnActions: Action[]) => planActions(selector({ returnActions }), HOOK, PLACES);
    assert.throws(() => late({ kind: 'NotifyEnforcer', error: -1, signal: 0, at: AT }), PlanError);
    assert.equal(late({ kind: 'Sigkill', at: AT }).posts, true);
  });

  test('the hash of the file: asked for by a program of its own that limits nothing, sent by the other', () => {
    const limit = post({ intervalMs: 5, scope: 'thread' }, true);
    const hook: LsmHook = { ...HOOK, kind: 'lsm', hook: 'file_open', args: [], selectors: [] };
    const file = { name: 'file', typeName: 'struct file *', kind: 'pointer', size: 8 };
    const facts = kernelFacts({
      attach: { trampoline: true, lsm: true, kprobe: false, kprobeMulti: false },
      findFunction: () => ({ parameters: [file], returns: file }),
    });
    const plansOf = (...actions: Action[]): InstancePlan[] =>
      [...planPolicy(policy('p', [{ ...hook, selectors: [selector({ actions })] }]), facts).values()].flatMap(
        (hooks) => planInstances(hooks, SECRET),
      );
    const [sending, asking] = plansOf(limit);
    assert.deepEqual(
      [sending, asking].map((plan) => [plan?.attach.by, plan?.actions.length, plan?.rules.imaHash.has(0)]),
      [
        ['lsm', 1, true],
        ['lsm_ima', 0, true],
      ],
    );
    assert.equal(plansOf(post()).length, 1);
    assert.equal(plansOf(limit, NO_POST).length, 1);
  });
});

describe('requests', () => {
  const requests = (namespace: string | undefined, options: ActionOptions, ...actions: Action[]): unknown =>
    planRequests(selector({ actions }), { name: 'p', namespace }, options);

  test('are carried with the rule', () => {
    assert.deepEqual(requests(undefined, { requests: 'cluster' }, GET, LOOK_UP), [
      { kind: 'url', url: 'http://test.example/' },
      { kind: 'dns', name: 'test.example' },
    ]);
    assert.deepEqual(requests('n', { requests: 'all' }, GET), [{ kind: 'url', url: 'http://test.example/' }]);
  });

  test('are refused where nobody does them', () => {
    assert.throws(() => requests(undefined, { requests: 'none' }, GET), PlanError);
    assert.throws(() => requests('n', { requests: 'cluster' }, LOOK_UP), PlanError);
    assert.throws(() => requests(undefined, { requests: 'all' }, GET, NO_POST), PlanError);
    assert.deepEqual(requests('n', { requests: 'none' }, post()), []);
  });
});

describe('actions of a program', () => {
  const limited = selector({ actions: [post({ intervalMs: 1, scope: 'global' })] });

  test('values that make events the same are the own ones of the policy', () => {
    const plan = instanceOf(
      policy('other', [rawHook([argument(1, 'uint64')], [selector()])]),
      policy('limited', [rawHook([argument(0, 'uint64'), argument(3, 'uint64')], [selector(), limited])]),
    );
    const { sizeof, ...offsets } = RuleAction;
    assert.deepEqual(
      plan.actions.map(({ rule, values }) => ({ rule, values })),
      [{ rule: 2, values: [1, 2] }],
    );
    const [action] = plan.actions;
    assert.ok(action !== undefined);
    const bytes = Buffer.from(actionBytes(action));
    assert.equal(bytes.length, sizeof);
    assert.equal(bytes.readBigUInt64LE(offsets.interval), 1_000_000n);
    assert.equal(bytes.readUInt16LE(offsets.values), 0b110);
    assert.equal(actionFlags(plan), HookFlag.HOOK_LIMITS);
  });

  test('a socket among the values is looked up, and only a rule that tracks makes entries', () => {
    const hook = rawHook([argument(0, 'sock')], [selector()]);
    assert.equal(actionFlags(instanceOf(policy('reads', [hook]))), HookFlag.HOOK_SOCK_OWNERS);
    const track: Action = { kind: 'TrackSock', argument: 0, at: AT };
    const tracking = policy('tracks', [{ ...hook, selectors: [selector({ actions: [track] })] }]);
    assert.equal(actionFlags(instanceOf(tracking)), HookFlag.HOOK_SOCK_OWNERS | HookFlag.HOOK_TRACKS);
  });
});
