// SPDX-License-Identifier: Apache-2.0
import type { NumberRange } from './condition.ts';
import type { ValuePlan } from './value-plan.ts';

/**
 * Numbers of a policy as the kernel side has them: 64-bit words, extended by the value's sign. The policy's numbers may be
 * of any type while the value's is `auto`: what the value cannot hold under either sign equals nothing and is left out.
 */
export function wordsOf(numbers: readonly bigint[], value: ValuePlan): bigint[] {
  const bits = bitsOf(value);
  const span = 1n << bits;
  return numbers
    .filter((number) => number >= -span / 2n && number < span)
    .map((number) => asWord(number, bits, value.shown.signed));
}

/** Ranges cut to what the value can hold; one that lies wholly above a signed value's largest is that of the same bits. */
export function rangeWords(ranges: readonly NumberRange[], value: ValuePlan): NumberRange[] {
  const bits = bitsOf(value);
  const { signed } = value.shown;
  const span = 1n << bits;
  const { from: least, to: most } = numbersOfValue(value);
  return ranges.flatMap(({ from, to }) => {
    const isAbove = from > most && to < span;
    const [low, high] = isAbove
      ? [from - span, to - span]
      : [from < least ? least : from, to > most ? most : to];
    return low > high ? [] : [{ from: asWord(low, bits, signed), to: asWord(high, bits, signed) }];
  });
}

/** Every number that the value can hold. */
export function numbersOfValue(value: ValuePlan): NumberRange {
  const span = 1n << bitsOf(value);
  return value.shown.signed ? { from: -span / 2n, to: span / 2n - 1n } : { from: 0n, to: span - 1n };
}

function bitsOf({ bitWidth, bytes }: ValuePlan): bigint {
  return BigInt(bitWidth > 0 ? bitWidth : bytes * 8);
}

function asWord(number: bigint, bits: bigint, signed: boolean): bigint {
  const cut = signed ? BigInt.asIntN(Number(bits), number) : BigInt.asUintN(Number(bits), number);
  return BigInt.asUintN(64, cut);
}
