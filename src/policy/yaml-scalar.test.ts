// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ScalarValue } from './yaml-scalar.ts';
import { resolvePlain } from './yaml-scalar.ts';

test('plain scalars mean what they mean to Kubernetes', () => {
  const forms: [string, ScalarValue][] = [
    ...['', '~', 'null', 'Null', 'NULL'].map((text): [string, null] => [text, null]),
    ...['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'].map(
      (text): [string, boolean] => [text, true],
    ),
    ...['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'].map(
      (text): [string, boolean] => [text, false],
    ),
    ...[
      'yEs',
      'tRUE',
      'nul',
      '-',
      '+',
      '.',
      '..',
      '-.',
      '1:2',
      '190:20:30',
      '0x',
      '0b2',
      '1e400',
      '0x1p3',
      '<<',
    ].map((text): [string, string] => [text, text]),
    ...['2024-01-02', '2024-01-02T03:04:05Z', '.5x', '1.2.3', '-inf', 'inf', 'nan'].map(
      (text): [string, string] => [text, text],
    ),
    ['12', 12n],
    ['+12', 12n],
    ['-0x1f', -31n],
    ['017', 15n],
    ['0o17', 15n],
    ['08', 8n],
    ['0b11', 3n],
    ['1_000', 1000n],
    ['9007199254740993', 9007199254740993n],
    ['18446744073709551615', 2n ** 64n - 1n],
    ['1.0', 1n],
    ['1.', 1n],
    ['1e3', 1000n],
    ['1.5', 1.5],
    ['-.5', -0.5],
    ['.5', 0.5],
    ['1e21', 1e21],
    ['.inf', Infinity],
    ['-.INF', -Infinity],
    ['.nan', NaN],
  ];
  for (const [text, value] of forms) assert.equal(resolvePlain(text), value, text);
});
