// SPDX-License-Identifier: Apache-2.0
import type { ValueClass } from './argument-types.ts';
import type { Cursor } from './cursor.ts';
import { parseDecimal, parseInteger } from './integer.ts';
import { readList } from './list-reference.ts';
import type { List, Operand } from './model.ts';
import type { ValueScope } from './value-scope.ts';

interface Range {
  readonly from: bigint;
  readonly to: bigint;
}

/** Ranges beside lists become single values; more of them are not. */
const EXPANDED_VALUES = 65_536n;

/** The values of a class; those of one that is not known yet are of 64 bits, with a sign or without. */
function bounds(value: ValueClass): Range {
  if (value.of !== 'integer') return { from: value.of === 'unknown' ? -(2n ** 63n) : 0n, to: 2n ** 64n - 1n };
  const bits = BigInt(value.bits);
  return value.signed
    ? { from: -(2n ** (bits - 1n)), to: 2n ** (bits - 1n) - 1n }
    : { from: 0n, to: 2n ** bits - 1n };
}

function within({ from, to }: Range): string {
  return `an integer from ${from} to ${to}`;
}

/** Integers in any of Go's notations that lie in the range; others are reported. */
function integers(values: readonly Cursor[], range: Range, scope: ValueScope | undefined): bigint[] {
  return values.flatMap((value) => {
    const integer = parseInteger(value.text);
    if (integer !== undefined && integer >= range.from && integer <= range.to) return [integer];
    scope?.refuse(value, within(range));
    return [];
  });
}

/** Without a scope: undefined when one of the values is no integer. */
export function numberOperand(
  value: ValueClass,
  values: readonly Cursor[],
  scope: ValueScope | undefined,
): Operand | undefined {
  const numbers = integers(values, bounds(value), scope);
  if (scope === undefined && numbers.length < values.length) return undefined;
  return { op: 'numbers', values: numbers, lists: [] };
}

/** GreaterThan and LessThan as the range of what is greater, or less. */
export function orderOperand(
  comparison: 'greater' | 'less',
  value: ValueClass,
  values: readonly Cursor[],
  scope: ValueScope,
): Operand | undefined {
  const range = bounds(value);
  const [first, second] = values;
  if (second !== undefined) scope.refuse(second, 'one value only');
  if (first === undefined) return undefined;
  const [limit] = integers([first], range, scope);
  if (limit === undefined) return undefined;
  const ranges =
    comparison === 'greater' ? { from: limit + 1n, to: range.to } : { from: range.from, to: limit - 1n };
  if (ranges.from <= ranges.to) return { op: 'ranges', ranges: [ranges] };
  scope.refuse(
    first,
    `${comparison === 'greater' ? 'less than' : 'more than'} that, since nothing is ${comparison}`,
  );
  return undefined;
}

/** Bits, as the unsigned number that the value's memory has. */
export function maskOperand(value: ValueClass, values: readonly Cursor[], scope: ValueScope): Operand {
  const bits = value.of === 'integer' ? value.bits : 64;
  const range = { from: bounds(value).from, to: 2n ** BigInt(bits) - 1n };
  return { op: 'mask', values: integers(values, range, scope).map((mask) => BigInt.asUintN(bits, mask)) };
}

/**
 * InRange. A range of a signed integer may go on where only an unsigned one would, as Tetragon accepts it: the part above
 * the largest signed number is that of the negative numbers with the same bits.
 */
export function rangeOperand(value: ValueClass, values: readonly Cursor[], scope: ValueScope): Operand {
  const range = bounds(value);
  const span = value.of === 'integer' ? 2n ** BigInt(value.bits) : 2n ** 64n;
  const ranges = values.flatMap((written): Range[] => {
    const [from, to, ...rest] = written.text.split(':').map((part) => parseInteger(part));
    const fits = from !== undefined && to !== undefined && rest.length === 0 && from <= to;
    if (fits && from >= range.from && to < span) {
      if (to <= range.to) return [{ from, to }];
      if (from > range.to) return [{ from: from - span, to: to - span }];
      return [
        { from: range.from, to: to - span },
        { from, to: range.to },
      ];
    }
    scope.refuse(written, `MIN:MAX, each ${within(range)}, MIN not above MAX`);
    return [];
  });
  return { op: 'ranges', ranges };
}

/** InMap: numbers, ranges in any order, and list:NAME of syscalls. Numbers are decimal also with zeros in front. */
export function mapOperand(value: ValueClass, values: readonly Cursor[], scope: ValueScope): Operand {
  const range = bounds(value);
  const ranges: Range[] = [];
  const lists: List[] = [];
  for (const written of values) {
    if (written.text.startsWith('list:')) {
      const list = readList(written, 'syscalls', scope);
      if (list !== undefined) lists.push(list);
      continue;
    }
    const parts = written.text.split(':').map((part) => parseDecimal(part) ?? parseInteger(part));
    const [first, second = first] = parts;
    const fits =
      first !== undefined && second !== undefined && !parts.includes(undefined) && parts.length <= 2;
    const [from, to] = fits && first > second ? [second, first] : [first, second];
    if (fits && from !== undefined && to !== undefined && from >= range.from && to <= range.to)
      ranges.push({ from, to });
    else scope.refuse(written, `${within(range)}, MIN:MAX, or list:NAME`);
  }
  if (ranges.every(({ from, to }) => from === to))
    return { op: 'numbers', values: ranges.map(({ from }) => from), lists };
  if (lists.length === 0) return { op: 'ranges', ranges };
  return { op: 'numbers', values: expand(ranges, values, scope), lists };
}

function expand(ranges: readonly Range[], values: readonly Cursor[], scope: ValueScope): bigint[] {
  const count = ranges.reduce((sum, { from, to }) => sum + to - from + 1n, 0n);
  const [first] = values;
  if (count > EXPANDED_VALUES && first !== undefined) {
    scope.refuse(first, `at most ${EXPANDED_VALUES} numbers in ranges beside a list`);
    return [];
  }
  return ranges.flatMap(({ from, to }) =>
    Array.from({ length: Number(to - from) + 1 }, (_, n) => from + BigInt(n)),
  );
}
