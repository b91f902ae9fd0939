// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ValueSource } from '../events/gen/layouts.ts';
import { PlanError } from './plan-problem.ts';
import { argument, kernelFacts } from './testing.ts';
import { parseUsdtArguments, usdtNumber, usdtPlace } from './usdt-argument.ts';

/** Members of x86_64's struct pt_regs. */
const OFFSETS: Readonly<Record<string, number>> = { r13: 16, bp: 32, bx: 40, ax: 80, di: 112, sp: 152 };

const FACTS = kernelFacts({
  resolvePath: (struct, member) => {
    const offset = struct === 'pt_regs' ? OFFSETS[member] : undefined;
    if (offset === undefined) throw new Error(`struct ${struct} has no ${member}`);
    return {
      ...{ steps: [{ offset, followsPointer: false }], bitOffset: 0, bitSize: 0 },
      ...{ size: 8, kind: 'int', typeName: 'unsigned long' },
    };
  },
});

function place(text: string, isPointer = false): ReturnType<typeof usdtPlace> {
  return usdtPlace(argument(0, 'int'), parseUsdtArguments(text), isPointer, FACTS);
}

test('arguments are separated by spaces', () => {
  const found = parseUsdtArguments('-4@%edi 8@-8(%rbp) 4@$5 -4@[sp, 12] 8f@%xmm0');
  assert.deepEqual(
    found.map(({ spelling }) => spelling),
    ['-4@%edi', '8@-8(%rbp)', '4@$5', '-4@[sp, 12]', '8f@%xmm0'],
  );
  assert.deepEqual(
    found.map(({ bytes, signed }) => [bytes, signed]),
    [
      [4, true],
      [8, false],
      [4, false],
      [4, true],
      [8, false],
    ],
  );
  assert.deepEqual(parseUsdtArguments(''), []);
});

test('a register is where the kernel keeps it', () => {
  const source = ValueSource.SOURCE_REGISTERS;
  assert.deepEqual(place('-4@%edi'), { source, field: 112 });
  assert.deepEqual(place('8@%r13'), { source, field: 16 });
  assert.deepEqual(place('1@%al'), { source, field: 80 });
  assert.deepEqual(place('1@%bh'), { source, field: 40, bitShift: 8, bitWidth: 8 });
});

test('memory is at a register plus an offset; a pointer there is followed', () => {
  const source = ValueSource.SOURCE_REGISTERS;
  assert.deepEqual(place('8@-8(%rbp)'), { source, field: 32, path: [{ offset: -8, follow: false }] });
  assert.deepEqual(place('8@(%rax)', true), { source, field: 80, path: [{ offset: 0, follow: true }] });
  assert.deepEqual(place('4@[sp, 12]'), { source, field: 152, path: [{ offset: 12, follow: false }] });
});

test('constants', () => {
  const source = ValueSource.SOURCE_CONSTANT;
  assert.deepEqual(place('4@$5'), { source, field: 5 });
  assert.deepEqual(place('-4@$-3'), { source, field: 0xfffffffd });
  assert.deepEqual(place('8@$0x10'), { source, field: 16 });
});

for (const text of [
  '8f@%xmm0',
  '8@8(%rax,%rbx,4)',
  '4@counter(%rip)',
  '8@$0x100000000',
  '8@%edi',
  '4@%zz',
  '',
])
  test(`refused: ${text || 'no argument'}`, () => {
    assert.throws(() => place(text), PlanError);
  });

test('a number is as wide as both say, and extended as the probe says', () => {
  const number = (text: string, bytes: number, signed: boolean): ReturnType<typeof usdtNumber> => {
    const [found] = parseUsdtArguments(text);
    assert(found !== undefined);
    return usdtNumber(found, { bytes, signed });
  };
  assert.deepEqual(number('-4@%edi', 8, false), { bytes: 4, signed: true });
  assert.deepEqual(number('4@%edi', 8, true), { bytes: 4, signed: false });
  assert.deepEqual(number('8@%rdi', 4, true), { bytes: 4, signed: true });
  assert.deepEqual(number('8@$-1', 8, true), { bytes: 4, signed: true });
});
