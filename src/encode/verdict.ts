// SPDX-License-Identifier: Apache-2.0
import { ValueEntry, ValueVerdict } from '../events/gen/layouts.ts';
import type { HookRecord } from '../events/hook-record.ts';
import type { Rung } from '../events/hook.ts';
import type { PreparedRule } from './hook-fragments.ts';
import { signalName } from './signals.ts';

/** What became of an operation and its process by a rule, and by which means. */
interface Verdict {
  readonly verdict: string;
  readonly rung: Rung;
  /** 0 for none */
  readonly error: number;
  readonly signal: number;
  /** the operation was denied, and the signal that was to be sent beside was not */
  readonly signalRefused: boolean;
}

/**
 * Members of `merlon` for what a rule did; empty when it only observes. Verdicts:
 *
 *   denied     the operation did not take place
 *   killed     its process got a SIGKILL, and the operation may have completed
 *   signaled   another signal
 *   changed    the program goes on with other memory or registers
 *   noted      enforcers of the policy will do it, in a later call of the same thread
 *   failed     it was not done: the kernel refused, or it could not be written or noted
 *   monitored  nothing was done: by the policy's mode, since this kernel cannot, or since what the rule compares could not be read
 */
export function verdictMembers(record: HookRecord, rule: PreparedRule): string {
  const found = readVerdict(record, rule);
  if (found === undefined) return '';
  const { verdict, rung, error, signal, signalRefused } = found;
  return (
    `,"verdict":"${verdict}","rung":"${rung}"` +
    (error === 0 ? '' : `,"error":${error}`) +
    (signal === 0 ? '' : `,"signal":"${signalName(signal)}"`) +
    (signalRefused ? ',"signal_refused":true' : '')
  );
}

function readVerdict(record: HookRecord, { enforcement, bit }: PreparedRule): Verdict | undefined {
  if (enforcement === undefined) return undefined;
  const { rung, leaves = false, acts = false, notification } = enforcement;
  if (rung === 'none') return { verdict: 'monitored', rung, error: 0, signal: 0, signalRefused: false };
  const place = record.find(ValueEntry.VALUE_VERDICT);
  // What only takes back a note does nothing to the operation.
  if (place < 0 || (rung === 'enforcer' && notification === undefined)) return undefined;
  const data = record.dataOf(place);
  const { view } = record;
  const sent = view.getBigUint64(data + ValueVerdict.signals, true);
  const unsent = view.getBigUint64(data + ValueVerdict.unsent, true);
  const rules = data + ValueVerdict.sizeof;
  const isIn = (words: number): boolean => (view.getUint8(words + (bit >> 3)) & (1 << (bit & 7))) !== 0;
  const isEnforced = isIn(rules);
  const hasFailed = isIn(rules + (record.lengthOf(place) - ValueVerdict.sizeof) / 2);
  const ran = view.getUint32(data + ValueVerdict.ran, true) !== 0;
  const error = acts ? view.getInt32(data + ValueVerdict.error, true) : enforcement.error;
  const signal = acts ? lowestSignal(sent) : enforcement.signal || (notification?.signal ?? 0);
  const has = (signals: bigint): boolean => signal !== 0 && ((signals >> BigInt(signal - 1)) & 1n) !== 0n;
  const signalRefused = has(unsent);
  const signaled = signalRefused ? 'failed' : signalName(signal) === 'SIGKILL' ? 'killed' : 'signaled';
  const of = (verdict: string, by: Rung = rung): Verdict => {
    const isDenial = error !== 0 && by !== 'signal' && by !== 'none';
    return {
      verdict,
      rung: by,
      error: isDenial ? error : 0,
      signal,
      signalRefused: signalRefused && isDenial,
    };
  };

  if (rung === 'registers' || rung === 'memory') {
    if (!isEnforced) return of(hasFailed ? 'failed' : 'monitored');
    if (leaves && !hasFailed) return of('denied');
    if (has(sent) && !signalRefused) return of(signaled, hasFailed ? 'signal' : rung);
    return of(hasFailed ? 'failed' : 'changed');
  }
  if (!isEnforced) return of('monitored');
  if (rung === 'enforcer') {
    if (has(sent)) return of(signaled, 'signal');
    return { ...of(hasFailed ? 'failed' : 'noted'), error: notification?.error ?? 0 };
  }
  const denies = error !== 0 && rung !== 'signal';
  if (denies && !ran) return of('denied');
  if (signal !== 0) return of(signaled, 'signal');
  return denies ? of('failed') : of('monitored', 'none');
}

function lowestSignal(signals: bigint): number {
  return signals === 0n ? 0 : signals.toString(2).length - signals.toString(2).lastIndexOf('1');
}
