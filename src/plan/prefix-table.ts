// SPDX-License-Identifier: Apache-2.0
import type { RuleMask } from './rule-mask.ts';

/** Rules by prefix, as bits. */
export interface PrefixEntry {
  readonly bytes: Uint8Array;
  readonly bits: number;
  readonly positive: number[];
  readonly negative: number[];
}

/**
 * A longest-prefix lookup returns one entry, so each entry's mask also has what its shorter prefixes say: a rule that wants
 * one of its prefixes is satisfied by any on the way, a rule that wants none is not.
 */
export function maskPrefixes(
  entries: readonly PrefixEntry[],
  miss: RuleMask,
): { entry: PrefixEntry; mask: RuleMask }[] {
  const sorted = entries.toSorted((a, b) => a.bits - b.bits);
  const lengths = [...new Set(sorted.map(({ bits }) => bits))];
  const masks = new Map<string, RuleMask>();
  return sorted.map((entry) => {
    const shorter = lengths
      .filter((bits) => bits < entry.bits)
      .toReversed()
      .map((bits) => masks.get(keyOf(entry.bytes, bits)))
      .find((mask) => mask !== undefined);
    const mask = (shorter ?? miss).clone();
    for (const rule of entry.positive) mask.add(rule);
    for (const rule of entry.negative) mask.remove(rule);
    masks.set(keyOf(entry.bytes, entry.bits), mask);
    return { entry, mask };
  });
}

/** Prefixes of several rules, each prefix once. */
export class PrefixCollector {
  readonly #entries = new Map<string, PrefixEntry>();

  add(rule: number, bytes: Uint8Array, bits: number, negated: boolean): void {
    const key = keyOf(bytes, bits);
    let entry = this.#entries.get(key);
    if (entry === undefined) this.#entries.set(key, (entry = { bytes, bits, positive: [], negative: [] }));
    (negated ? entry.negative : entry.positive).push(rule);
  }

  get entries(): PrefixEntry[] {
    return [...this.#entries.values()];
  }
}

/** The first `bits` bits of the bytes. */
function keyOf(bytes: Uint8Array, bits: number): string {
  const whole = Buffer.from(bytes.subarray(0, bits >> 3)).toString('latin1');
  const rest = bits & 7;
  return `${bits}:${whole}${rest === 0 ? '' : String((bytes[bits >> 3] ?? 0) >> (8 - rest))}`;
}
