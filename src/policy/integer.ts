// SPDX-License-Identifier: Apache-2.0

/**
 * Grammar, after an optional sign; `_` may stand between digits and after a prefix:
 *
 *     0x1f 0X1F   hexadecimal        0o17 0O17 017   octal
 *     0b101       binary             17              decimal
 */
const FORMS: readonly (readonly [RegExp, number])[] = [
  [/^0[xX]((?:_?[0-9a-fA-F])+)$/, 16],
  [/^0[bB]((?:_?[01])+)$/, 2],
  [/^0[oO]?((?:_?[0-7])+)$/, 8],
  [/^(0|[1-9](?:_?[0-9])*)$/, 10],
];
/** 64 binary digits with an underscore between each; what is longer is no value of any field. */
const LONGEST = 160;
const PREFIX: Record<number, string> = { 16: '0x', 2: '0b', 8: '0o', 10: '' };

/**
 * An integer as Go's strconv reads it with base 0, which is what TracingPolicy's values are written for; of any size.
 * undefined for other texts.
 */
export function parseInteger(text: string): bigint | undefined {
  if (text.length > LONGEST) return undefined;
  const negative = text.startsWith('-');
  const digits = text.replace(/^[+-]/, '');
  for (const [form, base] of FORMS) {
    const match = form.exec(digits)?.[1];
    if (match === undefined) continue;
    const value = BigInt(`${PREFIX[base] ?? ''}${match.replaceAll('_', '')}`);
    return negative ? -value : value;
  }
  return undefined;
}

/** A decimal integer; leading zeros do not make it octal. */
export function parseDecimal(text: string): bigint | undefined {
  return text.length <= LONGEST && /^[+-]?[0-9]+$/.test(text) ? BigInt(text.replace(/^\+/, '')) : undefined;
}
