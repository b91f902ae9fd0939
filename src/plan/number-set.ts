// SPDX-License-Identifier: Apache-2.0
import type { NumberRange } from './condition.ts';

/** Ranges in order that neither overlap nor touch. */
export type NumberSet = readonly NumberRange[];

/** What is in both sets. */
export function intersectionOf(one: NumberSet, other: NumberSet): NumberSet {
  return one.flatMap((a) =>
    other.flatMap((b) => {
      const from = a.from > b.from ? a.from : b.from;
      const to = a.to < b.to ? a.to : b.to;
      return from <= to ? [{ from, to }] : [];
    }),
  );
}

/** What of the domain is not in the set. */
export function complementOf(set: NumberSet, domain: NumberRange): NumberSet {
  const gaps: NumberRange[] = [];
  let next = domain.from;
  for (const { from, to } of set) {
    if (from > next) gaps.push({ from: next, to: from - 1n });
    next = to + 1n;
  }
  return next <= domain.to ? [...gaps, { from: next, to: domain.to }] : gaps;
}

/** What is in one of the sets. */
export function unionOf(one: NumberSet, other: NumberSet, domain: NumberRange): NumberSet {
  return complementOf(intersectionOf(complementOf(one, domain), complementOf(other, domain)), domain);
}
