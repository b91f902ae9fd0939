// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDecimal, parseInteger } from './integer.ts';

test('integers in every notation of Go', () => {
  const forms: [string, bigint][] = [
    ['0', 0n],
    ['17', 17n],
    ['-17', -17n],
    ['+17', 17n],
    ['0x1F', 31n],
    ['-0X1f', -31n],
    ['0b101', 5n],
    ['0o17', 15n],
    ['017', 15n],
    ['1_000', 1000n],
    ['0x_ff_ff', 65535n],
    ['18446744073709551615', 2n ** 64n - 1n],
    ['99999999999999999999999', 99999999999999999999999n],
  ];
  for (const [text, value] of forms) assert.equal(parseInteger(text), value, text);
});

test('other texts are no integers', () => {
  for (const text of [
    '',
    '-',
    '+',
    '--1',
    '0x',
    '0b2',
    '08',
    '1.0',
    '1e3',
    ' 1',
    '1_',
    '_1',
    '0xcoffee',
    '٣',
    '9'.repeat(200),
  ])
    assert.equal(parseInteger(text), undefined, text);
});

test('decimal integers are not octal', () => {
  assert.equal(parseDecimal('010'), 10n);
  assert.equal(parseDecimal('+1'), 1n);
  assert.equal(parseDecimal('-1'), -1n);
  assert.equal(parseDecimal('0x10'), undefined);
  assert.equal(parseDecimal('9'.repeat(200)), undefined);
});
