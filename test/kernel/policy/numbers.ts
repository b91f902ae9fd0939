// SPDX-License-Identifier: Apache-2.0
/** Arguments that are numbers, and the operators on numbers. */
import { type PolicyCase, callCase } from './case.ts';

/** A type, a value of it that the filter takes and what it is shown as, a value that is not taken. */
const TYPES: readonly [
  row: string,
  spelling: string,
  value: string,
  shown: Record<string, unknown>,
  other: string,
][] = [
  ['AT-02', 'int', '-5', { int_arg: -5 }, '5'],
  ['AT-02', 'sint32', '-6', { int_arg: -6 }, '6'],
  ['AT-02', 'int32', '2147483647', { int_arg: 2_147_483_647 }, '-1'],
  ['AT-03', 'sint8', '-128', { int_arg: -128 }, '127'],
  ['AT-03', 'int8', '-2', { int_arg: -2 }, '2'],
  ['AT-03', 'uint8', '200', { uint_arg: 200 }, '201'],
  ['AT-03', 'sint16', '-300', { int_arg: -300 }, '300'],
  ['AT-03', 'int16', '-301', { int_arg: -301 }, '301'],
  ['AT-03', 'uint16', '65535', { uint_arg: 65_535 }, '65534'],
  ['AT-03', 'uint32', '4294967295', { uint_arg: 4_294_967_295 }, '4294967294'],
  ['AT-04', 'long', '-9007199254740993', { long_arg: '-9007199254740993' }, '-9007199254740992'],
  ['AT-04', 'sint64', '-1', { long_arg: '-1' }, '4294967295'],
  ['AT-04', 'int64', '9223372036854775807', { long_arg: '9223372036854775807' }, '-1'],
  ['AT-05', 'ulong', '9007199254740993', { size_arg: '9007199254740993' }, '9007199254740992'],
  ['AT-05', 'uint64', '18446744073709551615', { size_arg: '18446744073709551615' }, '4294967295'],
  ['AT-05', 'size_t', '4294967296', { size_arg: '4294967296' }, '0'],
  [
    'AT-26',
    'capability',
    'CAP_NET_RAW',
    { capability_arg: { value: 13, name: 'CAP_NET_RAW' } },
    'CAP_SYS_ADMIN',
  ],
  ['AT-33', 'bpf_cmd', '5', { bpf_cmd_arg: 'BPF_PROG_LOAD' }, '6'],
];

const CAPABILITIES: Readonly<Record<string, string>> = { CAP_NET_RAW: '13', CAP_SYS_ADMIN: '21' };

/** An operator on numbers: type, values, what it takes and what not. */
const OPERATORS: readonly [
  row: string,
  operator: string,
  type: string,
  values: string,
  taken: string,
  other: string,
][] = [
  ['OP-01', 'Equal', 'int', '"-3", "0x10", "9"', '16', '3'],
  ['OP-01', 'NotEqual', 'int', '"4", "5"', '6', '5'],
  ['OP-02', 'GreaterThan', 'int', '"-2"', '-1', '-2'],
  ['OP-02', 'GT', 'uint64', '"9223372036854775808"', '9223372036854775809', '7'],
  ['OP-02', 'LessThan', 'int8', '"0"', '-1', '0'],
  ['OP-02', 'LT', 'uint32', '"4294967295"', '4294967294', '4294967295'],
  ['OP-03', 'Mask', 'uint32', '"0x80", "010"', '0x88', '0x77'],
  ['OP-04', 'InRange', 'int', '"-10:-5", "100:200"', '-5', '-4'],
  ['OP-04', 'NotInRange', 'uint64', '"5:10"', '11', '10'],
  ['OP-05', 'InMap', 'int', '"1", "7:9"', '8', '10'],
  ['OP-05', 'NotInMap', 'int', '"1", "7:9"', '10', '9'],
];

/** An expression of the call's arguments: arg0 is the case's option, arg1 what it takes and what not. */
const EXPRESSIONS: readonly [name: string, type: string, expression: string, taken: string, other: string][] =
  [
    ['a sum that wraps', 'int', 'arg1 + int32(2) < int32(0) && !(arg1 == int32(-9))', '2147483647', '-9'],
    ['a difference', 'int', 'arg1 < int32(-2) || arg1 - int32(1) == int32(6)', '-3', '8'],
    ['a difference that wraps', 'long', 'arg1 - 1 > 9223372036854775806', '-9223372036854775808', '4'],
    [
      'bits, and two arguments',
      'uint32',
      'and(arg1, uint32(0xf0u)) == uint32(0x30u) && arg0 > arg1',
      '0x3f',
      '0x4f',
    ],
    ['bits turned', 'uint32', 'not(arg1) <= uint32(1u) && arg1 + uint32(2u) < arg1', '4294967294', '1'],
    [
      'bits',
      'uint64',
      'xor(arg1, 1u) >= 18446744073709551614u && or(arg1, 2u) != 2u',
      '18446744073709551615',
      '7',
    ],
    [
      'two comparisons',
      'uint64',
      '(arg1 > 5u) != (arg1 >= 9223372036854775808u)',
      '6',
      '9223372036854775809',
    ],
  ];

const shownAs = (type: string, value: string): Record<string, unknown> => {
  const number = BigInt(value);
  if (type === 'uint64') return { size_arg: String(number) };
  if (type === 'long') return { long_arg: String(number) };
  return type === 'uint32' ? { uint_arg: Number(number) } : { int_arg: Number(number) };
};

export function numberCases(): PolicyCase[] {
  return [
    ...TYPES.map(([row, spelling, value, shows, other]) =>
      callCase({
        name: `${row} ${spelling}`,
        rows: [row],
        value: `type: ${spelling}`,
        filter: `operator: Equal, values: ["${value}"]`,
        matching: CAPABILITIES[value] ?? value,
        differing: CAPABILITIES[other] ?? other,
        shows,
      }),
    ),
    ...OPERATORS.map(([row, operator, type, values, taken, other]) =>
      callCase({
        name: `${row} ${operator} of ${type}`,
        rows: [row],
        value: `type: ${type}`,
        filter: `operator: ${operator}, values: [${values}]`,
        matching: taken,
        differing: other,
        shows: shownAs(type, taken),
      }),
    ),
    ...EXPRESSIONS.map(([name, type, expression, taken, other]) =>
      callCase({
        name: `OP-18 CelExpr of ${type}: ${name}`,
        rows: ['OP-18'],
        value: `type: ${type}`,
        selector: `- { operator: CelExpr, values: ["${expression}"] }`,
        matching: taken,
        differing: other,
        shows: shownAs(type, taken),
      }),
    ),
    callCase({
      name: 'OP-01 list of 10,000 values',
      rows: ['OP-01'],
      value: 'type: int',
      filter: `operator: InMap, values: [${Array.from({ length: 10_000 }, (_, n) => `"${3 * n}"`).join(', ')}]`,
      matching: '29997',
      differing: '29998',
      shows: { int_arg: 29_997 },
    }),
  ];
}
