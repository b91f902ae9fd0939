// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Action, Hook, KprobeHook, Policy } from '../policy/model.ts';
import type { AttachFacts, KernelFacts, KernelFunction } from './kernel-facts.ts';
import { remarkOn } from './function-target.ts';
import { enforcementOf, planServedTargets } from './plan-enforcement.ts';
import { enforcerHooks } from './plan-enforcers.ts';
import { planInstances } from './plan-instances.ts';
import { planPolicy } from './plan-policies.ts';
import { type OnPlanError, PlanError } from './plan-problem.ts';
import type { PlannedTarget } from './plan-target.ts';
import { argument, AT, condition, kernelFacts, policy, selector } from './testing.ts';

const NOTHING: AttachFacts = { trampoline: false, lsm: false, kprobe: false, kprobeMulti: false };
const EVERYTHING: AttachFacts = { trampoline: true, lsm: true, kprobe: true, kprobeMulti: true };

const KILL: Action = { kind: 'Sigkill', at: AT };
const WEAKER = new Map([['accept-weaker', 'true']]);

function override(error: number): Action {
  const place = { registers: [], newSymbol: undefined, newAddress: undefined, newOffset: undefined };
  return { kind: 'Override', error, ...place, at: AT };
}

function returning(kind: string): KernelFunction {
  const file = { name: 'file', typeName: 'struct file *', kind: 'pointer', size: 8 };
  return { parameters: [file], returns: { name: '', typeName: kind, kind, size: 4 } };
}

function kprobe(name: string, ...actions: Action[]): KprobeHook {
  return {
    ...{
      kind: 'kprobe',
      call: { kind: 'function', name, at: AT },
      syscall: false,
      ignoreCallNotFound: false,
    },
    ...{ args: [], data: [], selectors: [selector({ actions })], message: '', tags: [], at: AT },
    ...{ returnArg: undefined, returnArgAction: undefined },
  };
}

function lsm(hook: string, ...actions: Action[]): Hook {
  const selectors = [selector({ actions })];
  return { kind: 'lsm', hook, args: [], data: [], selectors, message: '', tags: [], at: AT };
}

/** Where a hook is attached, and the rung, signal and error of its only selector. */
function planned(hook: Hook, attach: AttachFacts, extensions: Policy['extensions'] = new Map()): unknown[] {
  const facts = kernelFacts({
    attach,
    findFunction: (name) => returning(/free|committed/.test(name) ? 'void' : 'int'),
  });
  const [served] = planServedTargets(hook, policy('p', [hook], { extensions }), facts);
  assert.ok(served !== undefined);
  const { rung, error, signal } = enforcementOf(hook.selectors[0], served.target, hook, facts) ?? {};
  return [served.target.attach.by, rung, error, signal];
}

describe('a denial', () => {
  test('by the strongest rung', () => {
    const hook = kprobe('security_file_open', override(-1));
    assert.deepEqual(planned(hook, EVERYTHING), ['lsm', 'lsm', -1, 0]);
    assert.deepEqual(planned(hook, { ...EVERYTHING, lsm: false }), ['fmod_ret', 'fmod_ret', -1, 0]);
    assert.deepEqual(planned(lsm('file_open', override(-1), KILL), EVERYTHING), ['lsm', 'lsm', -1, 9]);
  });

  test('of another function where errors can be injected into it', () => {
    const hook = kprobe('fd_install', override(1));
    const on = (refusals: ReadonlyMap<string, string>): string =>
      planServedTargets(
        hook,
        policy('p', [hook], { extensions: WEAKER }),
        kernelFacts({
          attach: EVERYTHING,
          canAct: (capability) => capability === 'bpf_override_return',
          findFunction: () => returning('int'),
          refusals: new Map(refusals),
        }),
      )
        .map(({ target }) => target.attach.by)
        .join();
    assert.equal(on(new Map()), 'override');
    assert.equal(on(new Map([['override:fd_install', 'EINVAL']])), 'fentry');
  });

  test('that no rung can give is refused', () => {
    const refused = (hook: Hook, attach: AttachFacts, reason: RegExp): void =>
      assert.throws(
        () => planned(hook, attach),
        (error) => error instanceof PlanError && reason.test(error.message),
      );
    refused(kprobe('security_file_open', override(-1)), { ...NOTHING, kprobe: true }, /no way to return/);
    refused(kprobe('fd_install', override(-1)), EVERYTHING, /no way to return/);
    refused(kprobe('security_file_free', override(-1)), EVERYTHING, /returns nothing/);
    refused(kprobe('security_file_open', override(1)), EVERYTHING, /1 is no error/);
    refused(lsm('bprm_committed_creds', override(-1)), EVERYTHING, /returns nothing/);
    refused(lsm('file_open', override(1)), EVERYTHING, /1 is no error/);
    refused(lsm('file_open', override(-4096)), EVERYTHING, /-4096 is no error/);
    refused(kprobe('fd_install', override(0)), EVERYTHING, /0 is no error/);
  });

  test('of several selectors: each of them', () => {
    const two: Hook = {
      ...kprobe('security_file_open'),
      selectors: [selector({ actions: [override(-1)] }), selector({ actions: [override(1)] })],
    };
    assert.throws(() => planned(two, EVERYTHING), /1 is no error/);
    const facts = kernelFacts({ attach: EVERYTHING, findFunction: () => returning('int') });
    const [served] = planServedTargets(two, policy('p', [two], { extensions: WEAKER }), facts);
    assert.ok(served !== undefined);
    const rungs = two.selectors.map((one) => enforcementOf(one, served.target, two, facts)?.rung);
    assert.deepEqual(rungs, ['lsm', 'none']);
  });

  test('is left out where the policy accepts that, and the rung says what is left', () => {
    assert.deepEqual(planned(kprobe('fd_install', override(-1)), EVERYTHING, WEAKER), [
      'fentry',
      'none',
      0,
      0,
    ]);
    assert.deepEqual(planned(kprobe('fd_install', override(-1), KILL), EVERYTHING, WEAKER), [
      'fentry',
      'signal',
      0,
      9,
    ]);
    assert.deepEqual(planned(lsm('bprm_committed_creds', override(-1)), EVERYTHING, WEAKER), [
      'lsm',
      'none',
      0,
      0,
    ]);
    assert.deepEqual(planned(kprobe('security_file_open', override(-1)), EVERYTHING, WEAKER), [
      'lsm',
      'lsm',
      -1,
      0,
    ]);
  });
});

test('what acts is not where hits are skipped, as far as the kernel has another way', () => {
  const skipsHits = 'some hits are skipped';
  const [by] = planned(kprobe('fd_install', KILL), { ...EVERYTHING, skipsHits });
  assert.equal(by, 'kprobe');
  assert.equal(planned(kprobe('fd_install', KILL), { ...EVERYTHING, kprobe: false, skipsHits })[0], 'fentry');
  assert.equal(planned(kprobe('security_file_open', KILL), { ...EVERYTHING, skipsHits })[0], 'lsm');
  const facts = { attach: { ...EVERYTHING, skipsHits }, refusals: new Map<string, string>() };
  assert.match(
    remarkOn({ by: 'kprobe', functionName: 'fd_install' }, facts) ?? '',
    /every hit: some hits are/,
  );
});

test('what acts when the function returns is not where returns are skipped', () => {
  const hook: Hook = {
    ...kprobe('fd_install'),
    returnArg: argument(0, 'int'),
    selectors: [selector({ returnActions: [KILL] })],
  };
  const by = (attach: AttachFacts): string | undefined => {
    const facts = kernelFacts({ attach, findFunction: () => returning('int') });
    return planServedTargets(hook, policy('p', [hook]), facts)[0]?.target.attach.by;
  };
  assert.equal(by(EVERYTHING), 'fexit');
  assert.equal(by({ ...EVERYTHING, skipsHits: 'some' }), 'kretprobe');
});

test('nothing acts at the entry on what the function is to fill', () => {
  const args = [{ ...argument(1, 'char_buf'), returnCopy: true }];
  const matching = (actions: Action[]): Hook => ({
    ...kprobe('fd_install'),
    args,
    selectors: [selector({ args: [condition(0, { op: 'numbers', values: [1n], lists: [] })], actions })],
  });
  assert.throws(() => planned(matching([KILL]), EVERYTHING), /returnCopy/);
  assert.equal(planned(matching([]), EVERYTHING)[0], 'fexit');
});

describe('a list', () => {
  const CALLS = Array.from({ length: 12 }, (_, n) => `sys_call${n}`);
  const PLACES = new Map(CALLS.map((name, place) => [name.slice('sys_'.length), place]));

  function listHook(action: Action, more: Partial<KprobeHook> = {}, values = CALLS): KprobeHook {
    const list = {
      name: 'l',
      type: 'syscalls',
      values,
      pattern: undefined,
      validated: true,
      at: AT,
    } as const;
    return { ...kprobe('', action), call: { kind: 'list', list, at: AT }, ...more };
  }

  function targets(
    hook: KprobeHook,
    more: Partial<KernelFacts>,
    extensions?: Policy['extensions'],
    onError?: OnPlanError,
  ): PlannedTarget[] {
    const one = policy('p', [hook], extensions === undefined ? {} : { extensions });
    const facts = kernelFacts({
      attach: { ...NOTHING, kprobe: true },
      canAct: (capability) => capability === 'bpf_override_return',
      findFunction: () => returning('int'),
      syscallNumber: (name) => PLACES.get(name),
      ...more,
    });
    return planServedTargets(hook, one, facts, onError).map(({ target }) => target);
  }
  const ways = (found: readonly PlannedTarget[]): string[] => [
    ...new Set(found.map(({ attach }) => attach.by)),
  ];
  const withoutOverride = { canAct: () => false };

  test('that is long is denied call by call', () => {
    const found = targets(listHook(override(-1)), {});
    assert.deepEqual([found.length, ways(found)], [CALLS.length, ['override']]);
  });

  test('shares one program where its calls are only signalled', () => {
    assert.deepEqual(ways(targets(listHook(KILL), {})), ['syscalls_enter']);
  });

  test('is refused for the first call that cannot be denied', () => {
    const refusals = new Map([['override:__x64_sys_call3', 'EINVAL']]);
    assert.throws(() => targets(listHook(override(-1)), { refusals }), /Cannot deny by "__x64_sys_call3"/);
    const found = targets(listHook(override(-1)), { refusals }, WEAKER);
    assert.deepEqual([found.length, ways(found)], [CALLS.length, ['override', 'kprobe']]);
  });

  test('of which none can be denied shares one program where the policy accepts that', () => {
    assert.deepEqual(ways(targets(listHook(override(-1)), withoutOverride, WEAKER)), ['syscalls_enter']);
  });

  test('of too many to have a program each', () => {
    const values = Array.from({ length: 513 }, (_, n) => `sys_call${n}`);
    assert.throws(() => targets(listHook(override(-1), {}, values), {}), /513 .* at most 512/);
  });

  test('with an unknown call and a return value: the others are looked at', () => {
    const problems: string[] = [];
    const returnArg = argument(0, 'int');
    const hook = listHook(KILL, { returnArg }, ['sys_call0', 'sys_nothing', 'sys_call1']);
    const found = targets(hook, {}, undefined, ({ message }) => problems.push(message));
    assert.deepEqual(
      found.map(({ attach }) => attach.by),
      ['kprobe', 'kprobe', 'sys_exit', 'sys_exit'],
    );
    assert.deepEqual([...new Set(problems)].length, 1);
  });
});

test('a hit that cannot be looked at is denied by the rules whose policy asks for it', () => {
  const facts = kernelFacts({ attach: EVERYTHING, findFunction: () => returning('int') });
  const unseen = (annotation: string | undefined, ...actions: Action[]): bigint[] => {
    const extensions = new Map(annotation === undefined ? [] : [['on-unreadable', annotation]]);
    const hooks = planPolicy(policy('p', [lsm('file_open', ...actions)], { extensions }), facts).values();
    const [plan] = planInstances([...hooks].flat(), [0n, 0n]);
    return [...(plan?.rules.unseen.words ?? [])];
  };
  assert.deepEqual(unseen('match', override(-1)), [1n]);
  assert.deepEqual(unseen('match', KILL), [0n]);
  assert.deepEqual(unseen('no-match', override(-1)), [0n]);
  assert.deepEqual(unseen(undefined, override(-1)), [0n]);
});

describe('enforcers', () => {
  const notify = (error: number, signal: number): Action => ({
    kind: 'NotifyEnforcer',
    error,
    signal,
    at: AT,
  });

  /** How the enforcers of a policy are attached on a kernel. */
  function attached(action: Action, attach: AttachFacts, extensions?: Policy['extensions']): string[] {
    const calls = ['sys_chroot', 'security_file_open'].map(
      (name) => ({ kind: 'function', name, at: AT }) as const,
    );
    const one = policy('p', [kprobe('sys_chroot', action)], {
      enforcers: [{ calls, at: AT }],
      ...(extensions === undefined ? {} : { extensions }),
    });
    const facts = kernelFacts({
      attach,
      findFunction: () => returning('int'),
      syscallNumber: (name) => (name === 'chroot' ? 161 : undefined),
    });
    return enforcerHooks(one)
      .flatMap((hook) => planServedTargets(hook, one, facts))
      .map(({ target }) => target.attach.by);
  }

  test('signal on every kernel', () => {
    assert.deepEqual(attached(notify(0, 9), { ...NOTHING, kprobe: true }), ['kprobe', 'kprobe']);
    assert.deepEqual(attached(notify(0, 9), EVERYTHING), ['fentry', 'lsm']);
  });

  test('are notified in front of where they act; not in their own program', () => {
    const facts = kernelFacts({ attach: EVERYTHING, findFunction: () => returning('int') });
    const plan = (hook: Hook): string[] => {
      const enforcers = [
        { calls: [{ kind: 'function', name: 'security_file_open', at: AT } as const], at: AT },
      ];
      return [...planPolicy(policy('p', [hook], { enforcers }), facts).keys()];
    };
    assert.deepEqual(plan(kprobe('security_file_open', notify(-1, 0))), [
      'fentry:security_file_open',
      'lsm:file_open',
    ]);
    assert.throws(() => plan(lsm('file_open', notify(-1, 0))), /would act on the next call/);
  });

  test('return an error where the call can be denied; elsewhere the policy is refused unless it accepts that', () => {
    assert.throws(() => attached(notify(-1, 9), EVERYTHING), PlanError);
    assert.deepEqual(attached(notify(-1, 9), EVERYTHING, WEAKER), ['fentry', 'lsm']);
  });
});

test('what fmod_ret does not guarantee is told', () => {
  const target = { by: 'fmod_ret', functionName: 'security_file_open' } as const;
  const facts = (attach: AttachFacts) => ({ attach, refusals: new Map<string, string>() });
  const skipsHits = 'some hits are skipped';
  assert.match(
    remarkOn(target, facts({ ...EVERYTHING, lsm: false, skipsHits })) ?? '',
    /no.* BPF LSM.*; best effort: some hits are skipped$/,
  );
  assert.doesNotMatch(remarkOn(target, facts(EVERYTHING)) ?? '', /best effort/);
  assert.equal(remarkOn({ ...target, by: 'lsm' }, facts(EVERYTHING)), undefined);
});
