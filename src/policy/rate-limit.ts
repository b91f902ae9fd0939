// SPDX-License-Identifier: Apache-2.0

const UNIT_MS: Readonly<Record<string, number>> = { '': 1000, s: 1000, m: 60_000, h: 3_600_000 };
/** Tetragon's kernel side keeps 32 bits of milliseconds, 49 days; longer times mean as much. */
const LONGEST_MS = 0xffff_ffff;

/** `5`, `5s`, `1m` or `1h` in milliseconds, 0 for no limit; undefined for other texts. */
export function parseRateLimit(text: string): number | undefined {
  const [, digits, unit = ''] = /^([0-9]{1,10})([smhSMH]?)$/.exec(text) ?? [];
  const number = Number(digits);
  if (digits === undefined || number > 0xffff_ffff) return undefined;
  return Math.min(number * (UNIT_MS[unit.toLowerCase()] ?? 0), LONGEST_MS);
}
