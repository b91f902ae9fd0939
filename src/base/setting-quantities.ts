// SPDX-License-Identifier: Apache-2.0
import type { Kind } from './setting-kinds.ts';

const SIZE_UNITS = new Map([
  ['', 1],
  ['B', 1],
  ...['K', 'M', 'G', 'T'].flatMap((letter, index) =>
    [letter, `${letter}iB`].map((unit) => [unit, 1024 ** (index + 1)] as const),
  ),
]);

/**
 * A size in bytes: a number with B, KiB, MiB, GiB or TiB. K, M, G and T alone mean the same powers of 1024, as in
 * Tetragon's flags; MB and the like are refused, because readers disagree about them.
 */
export function size(minimum: number, maximum = Number.MAX_SAFE_INTEGER): Kind<number, 'Bytes'> {
  return {
    unit: 'Bytes',
    placeholder: 'size',
    accepts: `a size such as 4MiB, at least ${formatSize(minimum)}`,
    parse(input) {
      const bytes = parseSize(input);
      return bytes !== undefined && bytes >= minimum && bytes <= maximum ? bytes : undefined;
    },
    format: formatSize,
  };
}

/** The kernel takes a ring buffer only in a power of two that is a multiple of the page (ringbuf_map_alloc). */
export function ringSize(minimum: number, maximum: number): Kind<number, 'Bytes'> {
  const range = `${formatSize(minimum)} to ${formatSize(maximum)}`;
  return {
    unit: 'Bytes',
    placeholder: 'size',
    accepts: `a power of two from ${range}, such as 4MiB`,
    parse(input) {
      const bytes = parseSize(input);
      if (bytes === undefined || bytes < minimum || bytes > maximum) return undefined;
      return Number.isInteger(Math.log2(bytes)) ? bytes : undefined;
    },
    format: formatSize,
  };
}

/** A time span in milliseconds: `5ms`, `10s`, `1h30m`; 0 needs no unit. */
export function duration(minimumMs: number, maximumMs: number): Kind<number, 'Ms'> {
  return {
    unit: 'Ms',
    placeholder: 'duration',
    accepts: `a duration such as 10s or 1h30m, from ${formatDuration(minimumMs)} to ${formatDuration(maximumMs)}`,
    parse(input) {
      const ms = parseDuration(input);
      return ms !== undefined && ms >= minimumMs && ms <= maximumMs ? ms : undefined;
    },
    format: formatDuration,
  };
}

function parseSize(input: string): number | undefined {
  const parts = /^(\d{1,12}(?:\.\d{1,3})?) ?([A-Za-z]*)$/.exec(input);
  const unit = SIZE_UNITS.get(parts?.[2] ?? '?');
  const bytes = Number(parts?.[1]) * (unit ?? NaN);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** The largest unit that divides it: 4194304 is `4MiB`. */
export function formatSize(bytes: number): string {
  for (const [unit, factor] of [...SIZE_UNITS].reverse()) {
    if (unit.endsWith('iB') && bytes >= factor && bytes % factor === 0) return `${bytes / factor}${unit}`;
  }
  return `${bytes}B`;
}

const DURATION_UNITS = new Map([
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
]);

function parseDuration(input: string): number | undefined {
  if (input === '0') return 0;
  if (!/^(\d{1,9}(\.\d{1,3})?(ms|[dhms]))+$/.test(input)) return undefined;
  let sum = 0;
  for (const [, number, unit] of input.matchAll(/([\d.]+)(ms|[dhms])/g)) {
    sum += Number(number) * (DURATION_UNITS.get(unit ?? '') ?? NaN);
  }
  const ms = Math.round(sum);
  return Number.isSafeInteger(ms) ? ms : undefined;
}

/** 5400000 is `1h30m`. */
export function formatDuration(ms: number): string {
  let rest = ms;
  let out = '';
  for (const [unit, factor] of DURATION_UNITS) {
    const count = Math.floor(rest / factor);
    if (count > 0) out += `${count}${unit}`;
    rest -= count * factor;
  }
  return out || '0s';
}
