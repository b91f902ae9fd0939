// SPDX-License-Identifier: Apache-2.0
import { parseInteger } from './integer.ts';

/** Integers are bigint and of any size; a number is what is no integer. */
export type ScalarValue = null | boolean | bigint | number | string;

/** Values below this are written without an exponent in JSON, so that Kubernetes reads them as integers. */
const INTEGRAL_BELOW = 1e21;
const NULLS = new Set(['', '~', 'null', 'Null', 'NULL']);
const BOOLEANS = new Map<string, boolean>([
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'].map(
    (name) => [name, true] as const,
  ),
  ...['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'].map(
    (name) => [name, false] as const,
  ),
]);
const FLOAT = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/;
const INFINITE = /^([-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$/;

/**
 * What a plain scalar stands for. Kubernetes reads YAML 1.1 (go-yaml v2), and so does this: `yes`, `no`, `on`, `off`, `y`
 * and `n` are booleans, `017` and `0o17` are octal, `1_000` is an integer, dates stay text. So a policy means the same here
 * as in a cluster; where a text is expected instead, the message says what it was read as, and to put it in quotes.
 */
export function resolvePlain(text: string): ScalarValue {
  if (NULLS.has(text)) return null;
  const boolean = BOOLEANS.get(text);
  if (boolean !== undefined) return boolean;
  if (!/^[-+.0-9]/.test(text)) return text;
  if (INFINITE.test(text)) return infinite(text);
  const plain = text.startsWith('.') ? text : text.replaceAll('_', '');
  const integer = parseInteger(plain);
  if (integer !== undefined) return integer;
  if (!FLOAT.test(plain)) return text;
  const number = Number(plain);
  if (!Number.isFinite(number)) return text;
  return Number.isInteger(number) && Math.abs(number) < INTEGRAL_BELOW ? BigInt(number) : number;
}

function infinite(text: string): number {
  if (/nan/i.test(text)) return NaN;
  return text.startsWith('-') ? -Infinity : Infinity;
}
