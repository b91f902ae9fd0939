// SPDX-License-Identifier: Apache-2.0

/** A series of measurements: its median, quartiles and ends. */
export interface Spread {
  readonly median: number;
  readonly q1: number;
  readonly q3: number;
  readonly min: number;
  readonly max: number;
  readonly n: number;
}

/** Quantiles by linear interpolation between the two nearest. Throws a RangeError for an empty series. */
export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) throw new RangeError('A spread needs one value or more');
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => {
    const place = share * (sorted.length - 1);
    const below = sorted[Math.floor(place)] ?? NaN;
    const above = sorted[Math.ceil(place)] ?? NaN;
    return rounded(below + (above - below) * (place - Math.floor(place)));
  };
  return { median: at(0.5), q1: at(0.25), q3: at(0.75), min: at(0), max: at(1), n: values.length };
}

/** Five significant digits: more would be noise. */
export function rounded(value: number): number {
  return Number(value.toPrecision(5));
}
