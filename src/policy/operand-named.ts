// SPDX-License-Identifier: Apache-2.0
import type { Cursor } from './cursor.ts';
import { parseDecimal, parseInteger } from './integer.ts';
import { suggest } from './quote.ts';
import type { ValueScope } from './value-scope.ts';

type Numbers = ReadonlyMap<string, number>;

/** Names with a number each, or, up to `largest`, the numbers themselves. */
export function namedNumbers(
  names: Numbers,
  largest: number | undefined,
  values: readonly Cursor[],
  scope: ValueScope,
): number[] {
  return values.flatMap((value) => {
    const number = names.get(value.text) ?? numberUpTo(largest, parseInteger(value.text));
    if (number !== undefined) return [number];
    refuseName(names, largest, value, scope);
    return [];
  });
}

/** As namedNumbers; numbers are decimal, and may be ranges `a:b`, which stand for each number in them. */
export function namedRanges(
  names: Numbers,
  largest: number,
  values: readonly Cursor[],
  scope: ValueScope,
): number[] {
  return values.flatMap((value) => {
    const named = names.get(value.text);
    if (named !== undefined) return [named];
    const parts = value.text.split(':').map((part) => numberUpTo(largest, parseDecimal(part)));
    const [first, second = first] = parts;
    if (first === undefined || second === undefined || parts.includes(undefined) || parts.length > 2) {
      refuseName(names, largest, value, scope);
      return [];
    }
    const from = Math.min(first, second);
    return Array.from({ length: Math.max(first, second) - from + 1 }, (_, n) => from + n);
  });
}

function numberUpTo(largest: number | undefined, value: bigint | undefined): number | undefined {
  return largest === undefined || value === undefined || value < 0n || value > largest
    ? undefined
    : Number(value);
}

function refuseName(names: Numbers, largest: number | undefined, value: Cursor, scope: ValueScope): void {
  const known = [...names.keys()];
  const all = known.join(', ');
  if (largest === undefined) scope.refuse(value, `one of ${all}`, suggest(value.text, known));
  else
    scope.refuse(
      value,
      `a name such as ${known[1] ?? ''}, or a number up to ${largest}`,
      suggest(value.text, known),
    );
}
