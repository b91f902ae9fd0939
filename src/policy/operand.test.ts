// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { valueClass } from './argument-types.ts';
import { parseNetwork } from './operand-address.ts';
import { ARGUMENT_TYPES } from './model.ts';
import { OPERATORS, operatorsFor, takes } from './operators.ts';
import { conditionOf, filterSpec, messagesOf, operandOf, problemsOf, selectorOf } from './testing.ts';

const NUMBERS = { op: 'numbers', lists: [] };

test('Equal of integers, in every notation, within the type', () => {
  assert.deepEqual(operandOf('int', 'Equal', '-1', '0x10', '017', '0b1'), {
    ...NUMBERS,
    values: [-1n, 16n, 15n, 1n],
  });
  assert.deepEqual(operandOf('uint64', 'Equal', '18446744073709551615'), {
    ...NUMBERS,
    values: [2n ** 64n - 1n],
  });
  assert.deepEqual(operandOf('int64', 'NotEqual', '-9223372036854775808'), {
    ...NUMBERS,
    values: [-(2n ** 63n)],
  });
  assert.deepEqual(operandOf('bpf_cmd', 'Equal', '5'), { ...NUMBERS, values: [5n] });
  for (const [type, value] of [
    ['int8', '128'],
    ['uint8', '-1'],
    ['int16', '-32769'],
    ['uint16', '65536'],
    ['int', '2147483648'],
    ['uint32', '-1'],
    ['size_t', '-1'],
    ['long', '9223372036854775808'],
    ['ulong', '18446744073709551616'],
    ['int', 'one'],
    ['int', ''],
    ['int', '1.5'],
  ] as const)
    assert.deepEqual(problemsOf(filterSpec(type, 'Equal', [value])), ['16:18 value'], `${type} ${value}`);
});

test('GreaterThan and LessThan are the range of what is greater or less', () => {
  assert.deepEqual(operandOf('int', 'GreaterThan', '5'), {
    op: 'ranges',
    ranges: [{ from: 6n, to: 2n ** 31n - 1n }],
  });
  assert.deepEqual(operandOf('uint32', 'LT', '5'), { op: 'ranges', ranges: [{ from: 0n, to: 4n }] });
  assert.deepEqual(operandOf('kernel_cap_t', 'GT', '0'), {
    op: 'ranges',
    ranges: [{ from: 1n, to: 2n ** 64n - 1n }],
  });
  assert.deepEqual(problemsOf(filterSpec('uint8', 'GT', ['255'])), ['16:18 value']);
  assert.deepEqual(problemsOf(filterSpec('uint8', 'LessThan', ['0'])), ['16:18 value']);
  assert.deepEqual(problemsOf(filterSpec('int', 'GT', ['1', '2'])), ['16:22 value']);
});

test('Mask is an unsigned number of the size of the type', () => {
  assert.deepEqual(operandOf('int', 'Mask', '0x80000000', '-1'), {
    op: 'mask',
    values: [0x80000000n, 0xffffffffn],
  });
  assert.deepEqual(operandOf('cap_effective', 'Mask', '0x3', 'CAP_KILL,cap_setuid'), {
    op: 'mask',
    values: [3n, (1n << 5n) | (1n << 7n)],
  });
  assert.deepEqual(problemsOf(filterSpec('uint8', 'Mask', ['256'])), ['16:18 value']);
});

test('InRange of two numbers; beyond the signed ones it goes on with the negative ones', () => {
  assert.deepEqual(operandOf('int', 'InRange', '-5:5', '0x10:0x10'), {
    op: 'ranges',
    ranges: [
      { from: -5n, to: 5n },
      { from: 16n, to: 16n },
    ],
  });
  assert.deepEqual(operandOf('int', 'NotInRange', '2147483647:4294967295'), {
    op: 'ranges',
    ranges: [
      { from: -(2n ** 31n), to: -1n },
      { from: 2147483647n, to: 2147483647n },
    ],
  });
  assert.deepEqual(operandOf('int', 'InRange', '4294967290:4294967295'), {
    op: 'ranges',
    ranges: [{ from: -6n, to: -1n }],
  });
  for (const value of ['5', '5:3', '1:2:3', '1:', ':', 'a:b', '0:4294967296'])
    assert.deepEqual(problemsOf(filterSpec('int', 'InRange', [value])), ['16:18 value'], value);
});

test('InMap of numbers, ranges in any order and lists of syscalls', () => {
  assert.deepEqual(operandOf('uint32', 'InMap', '010', '0x10', '3'), { ...NUMBERS, values: [10n, 16n, 3n] });
  assert.deepEqual(operandOf('int', 'NotInMap', '5:-5', '9'), {
    op: 'ranges',
    ranges: [
      { from: -5n, to: 5n },
      { from: 9n, to: 9n },
    ],
  });
  const lists = 'lists: [{name: l, type: syscalls, values: [sys_read]}, {name: f, values: [f]}]\n';
  const { operand, negated } = conditionOf('syscall64', 'NotInMap', ['list:l', '7', '1:3'], lists);
  assert(operand.op === 'numbers' && negated);
  assert.deepEqual([operand.values, operand.lists.map(({ name }) => name)], [[7n, 1n, 2n, 3n], ['l']]);
  assert.equal(conditionOf('int64', 'InMap', ['list:l'], lists).operand.op, 'numbers');
  for (const value of ['list:f', 'list:x', '1:2:3', 'a', '1:'])
    assert.equal(messagesOf(filterSpec('syscall64', 'InMap', [value], lists)).length, 1, value);
  assert.deepEqual(problemsOf(filterSpec('syscall64', 'InMap', ['list:l', '0:99999999'], lists)), [
    '17:18 value',
  ]);
});

test('texts: whole, their beginning, their end, a part of them', () => {
  const strings = { op: 'strings', ignoreCase: false };
  assert.deepEqual(operandOf('string', 'Equal', '/a\0\0', ''), {
    ...strings,
    match: 'exact',
    values: ['/a', ''],
  });
  assert.deepEqual(operandOf('char_buf', 'Equal', 'a\0'), { ...strings, match: 'exact', values: ['a\0'] });
  assert.deepEqual(operandOf('file', 'NotPrefix', '/a/'), { ...strings, match: 'prefix', values: ['/a/'] });
  assert.deepEqual(operandOf('path', 'Postfix', '.so\0'), { ...strings, match: 'postfix', values: ['.so'] });
  assert.deepEqual(operandOf('fd', 'SubString', 'x'), { ...strings, match: 'substring', values: ['x'] });
  for (const operator of ['SubStringIgnCase', 'SubStringIgnoreCase'])
    assert.deepEqual(operandOf('dentry', operator, 'X'), {
      ...strings,
      match: 'substring',
      ignoreCase: true,
      values: ['X'],
    });
  assert.deepEqual(operandOf('sockaddr_un', 'Equal', '@a'), { ...strings, match: 'exact', values: ['@a'] });
  for (const operator of ['Prefix', 'Postfix', 'SubString'])
    assert.deepEqual(problemsOf(filterSpec('string', operator, [''])), ['16:18 value']);
  assert.deepEqual(problemsOf(filterSpec('string', 'Postfix', ['\0'])), ['16:18 value']);
});

test('addresses and networks of IPv4 and IPv6', () => {
  const bytes = (text: string): [number[], number] | undefined => {
    const network = parseNetwork(text);
    return network && [[...network.address], network.prefixLength];
  };
  const v6 = (...groups: number[]): number[] => groups.flatMap((group) => [group >> 8, group & 0xff]);
  assert.deepEqual(bytes('10.1.2.3'), [[10, 1, 2, 3], 32]);
  assert.deepEqual(bytes('10.1.2.3/12'), [[10, 0, 0, 0], 12]);
  assert.deepEqual(bytes('0.0.0.0/0'), [[0, 0, 0, 0], 0]);
  assert.deepEqual(bytes('::1'), [v6(0, 0, 0, 0, 0, 0, 0, 1), 128]);
  assert.deepEqual(bytes('::'), [v6(0, 0, 0, 0, 0, 0, 0, 0), 128]);
  assert.deepEqual(bytes('fd00:1:2:3:4:5:6:7/17'), [v6(0xfd00, 0, 0, 0, 0, 0, 0, 0), 17]);
  assert.deepEqual(bytes('2001:db8::8:800:200c:417a'), [
    v6(0x2001, 0xdb8, 0, 0, 8, 0x800, 0x200c, 0x417a),
    128,
  ]);
  assert.deepEqual(bytes('::ffff:1.2.3.4'), [v6(0, 0, 0, 0, 0, 0xffff, 0x0102, 0x0304), 128]);
  assert.deepEqual(bytes('64:ff9b::1.2.3.4/96'), [v6(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96]);
  assert.deepEqual(bytes('1:2:3:4:5:6:1.2.3.4'), [v6(1, 2, 3, 4, 5, 6, 0x0102, 0x0304), 128]);
  for (const text of [
    '',
    '10.0.0',
    '10.0.0.0/33',
    '10.0.0.0/08',
    '10.0.0.0/-1',
    '10.0.0.0/',
    '01.2.3.4',
    '::1/129',
    'fe80::1%eth0',
    '1/2/3',
    'host',
  ])
    assert.equal(bytes(text), undefined, text);
  const operand = operandOf('sock', 'NotDAddr', '10.0.0.0/8');
  assert(operand.op === 'addresses');
  assert.deepEqual([operand.side, operand.networks.length], ['destination', 1]);
  assert.deepEqual(problemsOf(filterSpec('skb', 'SAddr', ['x'])), ['16:18 value']);
});

test('ports, ranges of them, and the privileged ones', () => {
  assert.deepEqual(operandOf('sock', 'DPort', '443', '9000:8000'), {
    op: 'ports',
    side: 'destination',
    ranges: [
      { from: 443, to: 443 },
      { from: 8000, to: 9000 },
    ],
  });
  for (const operator of ['SPortPriv', 'NotSPortPriv', 'NotSportPriv']) {
    const { operand, negated } = conditionOf('sockaddr', operator, []);
    assert.deepEqual(operand, { op: 'ports', side: 'source', ranges: [{ from: 0, to: 1023 }] });
    assert.equal(negated, operator !== 'SPortPriv');
  }
  assert.deepEqual(problemsOf(filterSpec('sock', 'DPortPriv', ['80'])), ['16:9 conflict']);
  for (const value of ['65536', '-1', 'http', '1:2:3', '0x50', '1:'])
    assert.deepEqual(problemsOf(filterSpec('sock', 'SPort', [value])), ['16:18 value'], value);
});

test('protocols, families and states by name or number', () => {
  const field = (name: string, values: number[]) => ({ op: 'socketField', field: name, values });
  assert.deepEqual(
    operandOf('sock', 'Protocol', 'IPPROTO_TCP', '17', '1:3'),
    field('protocol', [6, 17, 1, 2, 3]),
  );
  assert.deepEqual(
    operandOf('sockaddr_un', 'Family', 'AF_UNIX', 'AF_INET6', '2'),
    field('family', [1, 10, 2]),
  );
  assert.deepEqual(operandOf('socket', 'State', 'TCP_SYN_RECV', '10'), field('state', [3, 10]));
  for (const [operator, value] of [
    ['Protocol', 'TCP'],
    ['Protocol', '65536'],
    ['Family', 'AF_INET5'],
    ['State', '256'],
    ['State', '1:x'],
  ] as const)
    assert.deepEqual(problemsOf(filterSpec('sock', operator, [value])), ['16:18 value'], value);
});

test('types of files, with their other names', () => {
  const names = [
    'fifo',
    'pipe',
    'chr',
    'char',
    'dir',
    'blk',
    'block',
    'reg',
    'regular',
    'lnk',
    'link',
    'sock',
    'socket',
  ];
  assert.deepEqual(operandOf('path', 'FileType', ...names), {
    op: 'fileType',
    values: [1, 1, 2, 2, 4, 6, 6, 8, 8, 10, 10, 12, 12],
  });
  assert.deepEqual(problemsOf(filterSpec('file', 'NotFileType', ['8'])), ['16:18 value']);
});

test('capabilities by name or number; sets of them by mask', () => {
  assert.deepEqual(operandOf('capability', 'Equal', 'CAP_SYS_ADMIN', '7'), { ...NUMBERS, values: [21n, 7n] });
  assert.deepEqual(operandOf('kernel_cap_t', 'Equal', 'CAP_CHOWN, DAC_OVERRIDE', '0'), {
    ...NUMBERS,
    values: [3n, 0n],
  });
  assert.deepEqual(problemsOf(filterSpec('capability', 'Equal', ['CAP_X'])), ['16:18 value']);
  assert.deepEqual(problemsOf(filterSpec('cap_permitted', 'Equal', ['CAP_X'])), ['16:18 value']);
});

test('CapabilitiesGained compares two sets', () => {
  const spec = (args: string, type = 'kernel_cap_t', more = ''): string => `kprobes:
- call: f
  args: [{index: 0, type: cap_effective}, {index: 1, type: ${type}}]
  selectors:
  - matchArgs:
    - operator: CapabilitiesGained
      args: ${args}${more}`;
  assert.deepEqual(problemsOf(spec('[0, 1]')), []);
  // The old set is named first.
  const { entry, operand } = selectorOf(spec('[0, 1]')).args[0] ?? {};
  assert.deepEqual([entry, operand], [1, { op: 'capabilitiesGained', against: 0 }]);
  assert.deepEqual(problemsOf(spec('[0]')), ['12:15 operator']);
  assert.deepEqual(problemsOf(spec('[0, 1, 0]')), ['12:22 operator']);
  assert.deepEqual(problemsOf(spec('[0, 2]')), ['12:19 reference']);
  assert.deepEqual(problemsOf(spec('[0, 1]', 'int')), ['11:19 operator']);
  assert.deepEqual(problemsOf(spec('[0, 1]', 'kernel_cap_t', '\n      values: ["1"]')), ['13:9 operator']);
});

test('a value whose type is not known yet is a number if all are, otherwise a text', () => {
  assert.deepEqual(operandOf('auto', 'Equal', '1', '0x2'), { ...NUMBERS, values: [1n, 2n] });
  assert.equal(operandOf('auto', 'Equal', '1', 'a').op, 'strings');
  assert.deepEqual(operandOf('auto', 'GreaterThan', '1'), {
    op: 'ranges',
    ranges: [{ from: 2n, to: 2n ** 64n - 1n }],
  });
  assert.equal(operandOf('auto', 'SAddr', '::1').op, 'addresses');
});

test('every operator is refused on every type that it does not belong to, and the message lists what does', () => {
  for (const type of ARGUMENT_TYPES) {
    if (type === 'const_buf') continue;
    const value = valueClass(type);
    for (const [name, operator] of Object.entries(OPERATORS)) {
      if (
        takes(value, operator) ||
        operator.comparison === 'cel' ||
        operator.comparison === 'capabilitiesGained'
      )
        continue;
      const [message = ''] = messagesOf(filterSpec(type, name, ['1']));
      const names = operatorsFor(value);
      assert.match(message, new RegExp(`operator "${name}" on type "${type}"`));
      assert.match(
        message,
        names.length === 0 ? /it has no filters$/ : new RegExp(`expected ${names[0] ?? ''}`),
      );
    }
  }
});

test('every operator that takes values needs one', () => {
  for (const [type, operator] of [
    ['int', 'Equal'],
    ['file', 'Prefix'],
    ['sock', 'DPort'],
  ] as const)
    assert.deepEqual(problemsOf(filterSpec(type, operator, [])), ['14:9 missing-field']);
});
