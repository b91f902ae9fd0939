// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';

import { addon, failure, TestError } from './addon.ts';
import { compile } from './compile.ts';

/** The types of shapes.bpf.c, whose offsets do not depend on a kernel. */
const shapes = new addon.Btf(compile('shapes'));

function resolve(path: string): {
  steps: string;
  bits: string;
  size: number;
  typeName: string;
  kind: string;
} {
  const { steps, bitOffset, bitSize, ...rest } = shapes.resolvePath('outer', path);
  const text = steps.map(({ offset, followsPointer }) => `${offset}${followsPointer ? '->' : ''}`).join('');
  return { steps: text, bits: `${bitOffset}+${bitSize}`, ...rest };
}

const plain = { bits: '0+0' };
const CASES: [path: string, expected: ReturnType<typeof resolve>][] = [
  ['number', { ...plain, steps: '0', size: 4, typeName: 'unsigned int', kind: 'int' }],
  ['inner.value', { ...plain, steps: '8', size: 8, typeName: 'u64', kind: 'int' }],
  ['pointer', { ...plain, steps: '24', size: 8, typeName: 'const struct inner *', kind: 'pointer' }],
  ['pointer.value', { ...plain, steps: '24->0', size: 8, typeName: 'u64', kind: 'int' }],
  ['pointer.next.next.small', { ...plain, steps: '24->8->8->16', size: 2, typeName: 'short', kind: 'int' }],
  ['pointer[2].value', { ...plain, steps: '24->48', size: 8, typeName: 'u64', kind: 'int' }],
  ['array[2].value', { ...plain, steps: '80', size: 8, typeName: 'u64', kind: 'int' }],
  ['matrix[1][2]', { ...plain, steps: '114', size: 2, typeName: 'short', kind: 'int' }],
  ['matrix', { ...plain, steps: '104', size: 12, typeName: 'short[2][3]', kind: 'array' }],
  ['in_union', { ...plain, steps: '120', size: 4, typeName: 'enum colour', kind: 'enum' }],
  ['deep_number', { ...plain, steps: '124', size: 4, typeName: 'int', kind: 'int' }],
  ['first_bits', { bits: '0+3', steps: '128', size: 4, typeName: 'unsigned int', kind: 'int' }],
  ['more_bits', { bits: '3+12', steps: '128', size: 4, typeName: 'unsigned int', kind: 'int' }],
  ['call', { ...plain, steps: '136', size: 8, typeName: 'int (*)()', kind: 'pointer' }],
  ['names[1]', { ...plain, steps: '152', size: 8, typeName: 'char *', kind: 'pointer' }],
  ['names[1][3]', { ...plain, steps: '152->3', size: 1, typeName: 'char', kind: 'int' }],
  ['flexible[9]', { ...plain, steps: '169', size: 1, typeName: 'unsigned char', kind: 'int' }],
];

for (const [path, expected] of CASES) {
  test(`the path ${path}`, () => assert.deepEqual(resolve(path), expected));
}

test('a path that does not resolve says where and why', () => {
  const refused = (path: string, reason: RegExp): void =>
    assert.throws(() => shapes.resolvePath('outer', path), failure('ENOENT', reason));
  refused('pointer.nothing', /"struct inner" has no member "nothing"/);
  refused('number.x', /"x" is asked of "unsigned int", which has no members/);
  refused('number[0]', /"unsigned int" has no elements/);
  refused('array[3]', /\[3\] is past the end of "struct inner\[3\]"/);
  for (const path of ['array[', 'array[x]', 'array[-1]', 'array[1', 'array[]'])
    refused(path, /written as \[NUMBER\]/);
  for (const path of ['', '.number', 'inner.', 'inner..value']) refused(path, /name is missing/);
  refused('array[1]value', /missing before "value"/);
  assert.throws(() => shapes.resolvePath('nothing', 'x'), failure('ENOENT', /from "nothing"/));
});

test('structs and enumerations', () => {
  const inner = shapes.findStruct('inner');
  assert.equal(inner?.size, 24);
  assert.deepEqual(
    inner.members.map(({ name, offsetBits }) => [name, offsetBits]),
    [
      ...[
        ['value', 0],
        ['next', 64],
        ['small', 128],
      ],
    ],
  );
  const bits = shapes.findStruct('outer')?.members.find(({ name }) => name === 'more_bits');
  assert.deepEqual(bits, {
    name: 'more_bits',
    typeName: 'unsigned int',
    kind: 'int',
    size: 4,
    offsetBits: 1027,
    bitfieldBits: 12,
  });
  assert.equal(shapes.findStruct('nothing'), undefined);
  assert.deepEqual(
    [...(shapes.findEnum('colour') ?? [])],
    [
      ['RED', 1n],
      ['HIGH', 0xffffffffn],
    ],
  );
  assert.deepEqual(
    [...(shapes.findEnum('signed_values') ?? [])],
    [
      ['MINUS', -1n],
      ['PLUS', 1n],
    ],
  );
  assert.deepEqual([...(shapes.findEnum('large') ?? [])], [['LARGE', 1n << 40n]]);
  assert.equal(shapes.findEnum('nothing'), undefined);
});

test('functions of the kernel', () => {
  const kernel = new addon.Btf();
  const open = kernel.findFunction('security_file_open');
  assert.deepEqual(open?.parameters, [{ name: 'file', typeName: 'struct file *', kind: 'pointer', size: 8 }]);
  assert.deepEqual(open.returns, { name: '', typeName: 'int', kind: 'int', size: 4 });
  // Events of a class share one function; each has a typedef of it.
  const event = kernel.findFunction('btf_trace_net_dev_queue');
  assert.deepEqual(
    event?.parameters.map(({ typeName }) => typeName),
    ['void *', 'struct sk_buff *'],
  );
  assert.equal(kernel.findFunction('merlon_no_such_function'), undefined);
  const names = kernel.functionNames('security_file_o');
  assert.ok(
    names.includes('security_file_open') && names.every((name) => name.startsWith('security_file_o')),
  );
  kernel.close();
  assert.throws(() => kernel.findFunction('do_exit'), failure('EBADF'));
});

test('types of a module extend those of the kernel', (t) => {
  const module = readdirSync('/sys/kernel/btf').find((name) => name !== 'vmlinux');
  if (module === undefined) {
    t.skip('No module with types is loaded');
    return;
  }
  const kernel = new addon.Btf();
  const split = new addon.Btf(`/sys/kernel/btf/${module}`, kernel);
  kernel.close(); // the split types keep what they need
  assert.ok(split.findStruct('task_struct'));
  assert.ok(split.functionNames('').length > 1000);
});

test('files without types are refused', () => {
  assert.throws(() => new addon.Btf('/nonexistent'), failure('ENOENT', /"\/nonexistent"/));
  assert.throws(() => new addon.Btf('/dev/null'), TestError);
});
