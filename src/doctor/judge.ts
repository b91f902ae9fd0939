// SPDX-License-Identifier: Apache-2.0
import type { CapabilityName } from '../kernel/capabilities.ts';
import type { Doubt } from './cautions.ts';
import type { Explanation } from './explain.ts';
import { explain } from './explain.ts';
import type { Facts } from './facts.ts';
import type { Feature } from './features.ts';

/** `unknown`: something it takes could not be tried here. */
export type FeatureState = 'ready' | 'degraded' | 'missing' | 'unknown';

export interface Verdict {
  readonly name: string;
  readonly implemented: boolean;
  readonly essential: boolean;
  readonly state: FeatureState;
  /** the mechanism that is used, or would be */
  readonly by: CapabilityName | undefined;
  readonly explanations: readonly Explanation[];
}

/** Draws the verdict on one feature from the facts. Pure. */
export function judge(feature: Feature, facts: Facts): Verdict {
  const works = (name: CapabilityName): boolean => facts.trials[name].available === true;
  const { name, implemented, essential, needs, ways, cautions } = feature;
  const reasonOf = (absentee: CapabilityName): Explanation => {
    const { reason, ...rest } = explain(absentee, facts);
    return { reason: `${absentee}: ${reason}`, ...rest };
  };
  const way = ways.find(works);
  const absent = needs.filter((need) => !works(need));
  const better = way === undefined ? ways : ways.slice(0, ways.indexOf(way));
  const lacking = way === undefined && ways.length > 0 ? [...absent, ...ways] : absent;
  const verdict = { name, implemented, essential, by: way };
  if (lacking.length > 0) {
    const unknown = lacking.every((need) => facts.trials[need].available === undefined);
    const explanations = distinct(lacking.map(reasonOf));
    return { ...verdict, state: unknown ? 'unknown' : 'missing', explanations };
  }
  const doubts = cautions.map((caution) => caution(facts, way)).filter((doubt) => doubt !== undefined);
  return {
    ...verdict,
    state: worst(doubts),
    // Why the better mechanism is not there matters where the one in use is worse for it.
    explanations: distinct([...(doubts.length > 0 ? better.map(reasonOf) : []), ...doubts]),
  };
}

/** Whether the agent works here, if with limits. */
export function isFit(verdicts: readonly Verdict[]): boolean {
  return verdicts.every((verdict) => !verdict.essential || works(verdict));
}

/** Whether all that this version does works here, if with limits. */
export function isWhole(verdicts: readonly Verdict[]): boolean {
  return verdicts.every((verdict) => !verdict.implemented || works(verdict));
}

function works({ state }: Verdict): boolean {
  return state === 'ready' || state === 'degraded';
}

function worst(doubts: readonly Doubt[]): FeatureState {
  if (doubts.some(({ state }) => state === 'missing')) return 'missing';
  return doubts.length > 0 ? 'degraded' : 'ready';
}

function distinct(explanations: readonly Explanation[]): Explanation[] {
  const byReason = new Map(explanations.map(({ reason, remedy }) => [reason, remedy]));
  return [...byReason].map(([reason, remedy]) => (remedy === undefined ? { reason } : { reason, remedy }));
}
