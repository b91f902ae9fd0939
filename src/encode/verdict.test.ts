// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ValueEntry, ValueVerdict } from '../events/gen/layouts.ts';
import type { HookRule } from '../events/hook.ts';
import { encodeHook, hookOf, policyOf, ruleOf } from './hook-testing.ts';

type Enforcement = NonNullable<HookRule['enforcement']>;

interface Done {
  readonly sent?: readonly number[];
  readonly unsent?: readonly number[];
  readonly error?: number;
  /** the rule could not write or note */
  readonly failed?: boolean;
  /** the function ran, since there was no room for the decision */
  readonly ran?: boolean;
  /** false: the policy monitors, or the rule could not */
  readonly enforced?: boolean;
}

const WORDS = 2;
/** Number of the rule, and of another one that matched; both are in the last word. */
const RULE = 101;
const OTHER = 64;

/** What an event says of a rule, by what the kernel side reports. */
function verdict(
  { error = 0, signal = 0, ...enforcement }: Partial<Enforcement> & Pick<Enforcement, 'rung'>,
  { sent = [], unsent = [], error: returned = 0, failed = false, enforced = true, ran = false }: Done,
): Record<string, unknown> {
  const bits = (signals: readonly number[]): bigint =>
    signals.reduce((mask, number) => mask | (1n << BigInt(number - 1)), 0n);
  const data = new Uint8Array(ValueVerdict.sizeof + 2 * WORDS * 8);
  const view = new DataView(data.buffer);
  view.setBigUint64(ValueVerdict.signals, bits(sent), true);
  view.setBigUint64(ValueVerdict.unsent, bits(unsent), true);
  view.setInt32(ValueVerdict.error, returned, true);
  view.setUint32(ValueVerdict.ran, ran ? 1 : 0, true);
  for (const [place, holds] of [enforced, failed].entries()) {
    const lastWord = ValueVerdict.sizeof + (WORDS * (place + 1) - 1) * 8;
    view.setBigUint64(lastWord, 1n << BigInt((holds ? RULE : OTHER) % 64), true);
  }
  const rule = ruleOf({ enforcement: { error, signal, ...enforcement } });
  const policies = [policyOf({ firstRule: RULE, rules: [rule] })];
  const hook = hookOf({ kind: 'lsm', functionName: 'file_open' }, [], policies);
  const values = [{ entry: ValueEntry.VALUE_VERDICT, data }];
  const { events } = encodeHook(hook, { rules: [RULE], values });
  const merlon = events[0]?.merlon ?? {};
  return Object.fromEntries(
    ['verdict', 'rung', 'error', 'signal', 'signal_refused'].flatMap((key) =>
      key in merlon ? [[key, merlon[key]]] : [],
    ),
  );
}

const KILL = 9;
const kill = { sent: [KILL] };
const killRefused = { sent: [KILL], unsent: [KILL] };

test('a denial, with and without a signal', () => {
  const rule = { rung: 'lsm', error: -1 } as const;
  const denied = { verdict: 'denied', rung: 'lsm', error: -1 };
  assert.deepEqual(verdict(rule, { error: -1 }), denied);
  const both = { ...rule, signal: KILL };
  assert.deepEqual(verdict(both, { ...kill, error: -1 }), { ...denied, signal: 'SIGKILL' });
  assert.deepEqual(verdict(both, { ...killRefused, error: -1 }), {
    ...{ ...denied, signal: 'SIGKILL', signal_refused: true },
  });
  assert.deepEqual(verdict(rule, { enforced: false }), { ...denied, verdict: 'monitored' });
});

test('signals', () => {
  const killed = { verdict: 'killed', rung: 'signal', signal: 'SIGKILL' };
  assert.deepEqual(verdict({ rung: 'signal', signal: KILL }, kill), killed);
  assert.deepEqual(verdict({ rung: 'signal', signal: KILL }, killRefused), { ...killed, verdict: 'failed' });
  assert.deepEqual(verdict({ rung: 'signal', signal: 10 }, { sent: [10] }), {
    ...{ verdict: 'signaled', rung: 'signal', signal: 'SIGUSR1' },
  });
});

test('programs of user space', () => {
  const memory = { rung: 'memory' } as const;
  assert.deepEqual(verdict(memory, {}), { verdict: 'changed', rung: 'memory' });
  assert.deepEqual(verdict(memory, { enforced: false, failed: true }), { verdict: 'failed', rung: 'memory' });
  assert.deepEqual(verdict(memory, { enforced: false }), { verdict: 'monitored', rung: 'memory' });
  assert.deepEqual(verdict({ rung: 'registers', leaves: true, error: -1 }, { error: -1 }), {
    ...{ verdict: 'denied', rung: 'registers', error: -1 },
  });
  const both = { rung: 'registers', signal: KILL, leaves: true, error: -1 } as const;
  assert.deepEqual(verdict({ ...both, leaves: false, error: 0 }, kill), {
    ...{ verdict: 'killed', rung: 'registers', signal: 'SIGKILL' },
  });
  assert.deepEqual(verdict(both, { ...kill, failed: true }), {
    ...{ verdict: 'killed', rung: 'signal', signal: 'SIGKILL' },
  });
  assert.deepEqual(verdict(both, { ...killRefused, failed: true }).verdict, 'failed');
});

test('a notification: noted for a later call, or done at once', () => {
  const rule = { rung: 'enforcer', notification: { error: -1, signal: KILL } } as const;
  assert.deepEqual(verdict(rule, {}), { verdict: 'noted', rung: 'enforcer', error: -1, signal: 'SIGKILL' });
  assert.deepEqual(verdict(rule, kill), { verdict: 'killed', rung: 'signal', signal: 'SIGKILL' });
  assert.deepEqual(verdict(rule, { failed: true }), {
    ...{ verdict: 'failed', rung: 'enforcer', error: -1, signal: 'SIGKILL' },
  });
  assert.deepEqual(verdict({ rung: 'enforcer' }, {}), {});
});

test('a decision for which there was no room', () => {
  const rule = { rung: 'override', error: -1 } as const;
  assert.deepEqual(verdict(rule, { error: -1 }), { verdict: 'denied', rung: 'override', error: -1 });
  assert.deepEqual(verdict(rule, { error: -1, ran: true }), {
    verdict: 'failed',
    rung: 'override',
    error: -1,
  });
  assert.deepEqual(verdict({ ...rule, signal: KILL }, { ...kill, error: -1, ran: true }), {
    ...{ verdict: 'killed', rung: 'signal', signal: 'SIGKILL' },
  });
});

test('an enforcer does what was noted', () => {
  assert.deepEqual(verdict({ rung: 'lsm', acts: true }, { error: -13 }), {
    ...{ verdict: 'denied', rung: 'lsm', error: -13 },
  });
  assert.deepEqual(verdict({ rung: 'lsm', acts: true }, kill), {
    ...{ verdict: 'killed', rung: 'signal', signal: 'SIGKILL' },
  });
});

test('an enforcer where an error cannot be returned does nothing without a signal', () => {
  const rule = { rung: 'signal', acts: true } as const;
  assert.deepEqual(verdict(rule, { error: -13 }), { verdict: 'monitored', rung: 'none' });
  assert.deepEqual(verdict(rule, { ...kill, error: -13 }), {
    ...{ verdict: 'killed', rung: 'signal', signal: 'SIGKILL' },
  });
});

test('nothing can be done', () => {
  assert.deepEqual(verdict({ rung: 'none' }, {}), { verdict: 'monitored', rung: 'none' });
});
