// SPDX-License-Identifier: Apache-2.0

/** Local time of day of an RFC 3339 time, to the millisecond. */
export function clockTime(text: string): string {
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) return '--:--:--.---';
  const two = (number: number): string => String(number).padStart(2, '0');
  const ms = String(time.getMilliseconds()).padStart(3, '0');
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}.${ms}`;
}

/** The time between two RFC 3339 times, such as `12ms`, `1.5s`, `3m12s`, `5h7m` or `2d4h`; empty if that is not known. */
export function elapsed(from: string, to: string): string {
  const ms = Date.parse(to) - Date.parse(from);
  if (!(ms >= 0)) return '';
  if (ms < 1000) return `${ms}ms`;
  if (ms < 60_000) return `${Math.floor(ms / 100) / 10}s`;
  const units: [name: string, ms: number][] = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1000],
  ];
  const first = units.findIndex(([, unit]) => ms >= unit);
  const [big, small] = units.slice(first, first + 2) as [[string, number], [string, number]];
  return `${Math.floor(ms / big[1])}${big[0]}${Math.floor((ms % big[1]) / small[1])}${small[0]}`;
}
