// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CelProblem, parseCelExpression } from './cel-expression.ts';
import type { ArgumentType } from './model.ts';

const TYPES: ArgumentType[] = ['int', 'long', 'uint32', 'uint64', 'string', 'int8'];
const args = TYPES.map((type) => ({ type }));

function problem(text: string): [number, string] {
  try {
    parseCelExpression(text, args);
  } catch (error) {
    if (error instanceof CelProblem) return [error.offset, error.message];
    throw error;
  }
  assert.fail(text);
}

test('conditions over integers of one type each', () => {
  for (const text of [
    'true',
    'arg0 == int32(-1) && arg2 >= uint32(1024u)',
    'arg1 + 1 - arg1 < 5 || !(arg3 != 7u)',
    'and(arg3, 0xffu) == 1u',
    'or(arg0, xor(arg0, not(arg0))) > arg0',
    '(arg1 > 1) == (arg1 < 5)',
    'arg1 <= -9223372036854775808 && arg3 >= 18446744073709551615u',
  ])
    parseCelExpression(text, args);
});

test('the tree has types and operations for the compiler', () => {
  assert.deepEqual(parseCelExpression('!(arg0 < int32(3))', args), {
    kind: 'call',
    type: 'bool',
    operation: 'logicalNot',
    operands: [
      {
        kind: 'call',
        type: 'bool',
        operation: 'less',
        operands: [
          { kind: 'argument', type: 'int32', entry: 0 },
          {
            kind: 'call',
            type: 'int32',
            operation: 'int32',
            operands: [{ kind: 'constant', type: 'int', value: 3n }],
          },
        ],
      },
    ],
  });
});

test('the rest of CEL is refused at its place', () => {
  for (const [text, offset] of [
    ['arg1 == arg0', 5],
    ['arg1 == 1u', 5],
    ['arg1 > 1 && arg1', 12],
    ['arg1 * 2 == 4', 5],
    ['-arg1 == 4', 0],
    ['arg1 == 1.5', 8],
    ['"a" == "b"', 0],
    ['arg1 in [1]', 5],
    ['[1] == [1]', 0],
    ['{} == {}', 0],
    ['arg1 > 1 ? true : false', 0],
    ['arg9 == 1', 0],
    ['arg01 == 1', 0],
    ['foo == 1', 0],
    ['arg4 == arg4', 0],
    ['arg5 == arg5', 0],
    ['arg1.x == 1', 4],
    ['size(arg1) == 1', 0],
    ['arg1.and(arg1) == 1', 4],
    ['int32(arg0) == arg0', 0],
    ['arg1 > 1 && and(arg1) == 1', 12],
    ['has(arg1.x)', 0],
    ['null == null', 0],
    ['constructor(arg1)', 0],
    ['arg1 > 9223372036854775808', 7],
    ['arg1 > -9223372036854775809', 7],
    ['arg3 > 18446744073709551616u', 7],
  ] as const) {
    const [found, message] = problem(text);
    assert.equal(found, offset, `${text}: ${message}`);
  }
});

test('what is no condition, no CEL, too long or too deep is refused', () => {
  for (const text of [
    'arg1 + 1',
    '',
    'arg1 ==',
    '((arg1 == 1)',
    'arg1 === 1',
    '1 = 1',
    `true${' '.repeat(5000)}`,
  ])
    assert.equal(typeof problem(text)[1], 'string');
  assert.equal(typeof problem(`${'('.repeat(2000)}true${')'.repeat(2000)}x`)[1], 'string');
  assert.equal(typeof problem('!'.repeat(4000))[1], 'string');
});
