// SPDX-License-Identifier: Apache-2.0
/** Arguments that are texts and buffers, and the operators on texts. */
import { type PolicyCase, callCase } from './case.ts';

const LONG = `/merlon/${'directory/'.repeat(120)}`;

/** Different everywhere, and longer than a value that has no maxData. */
const LONG_BUFFER = Array.from({ length: 12_000 }, (_, index) => `${index},`).join('');
const MAX_DATA = 327_360;

/** An operator on texts: values, what it takes and what not. */
const OPERATORS: readonly [row: string, operator: string, values: string[], taken: string, other: string][] =
  [
    ['OP-01', 'Equal', ['/one', '/two', LONG], LONG, `${LONG}x`],
    ['OP-01', 'NotEqual', ['/one', '/two'], '/three', '/two'],
    ['OP-06', 'Prefix', ['/etc/', '/etc/ssh/', LONG.slice(0, 256)], `${LONG}file`, '/etcetera'],
    ['OP-06', 'NotPrefix', ['/etc/', '/usr'], '/var/etc/', '/usr/bin'],
    ['OP-07', 'Postfix', ['.conf', '/shadow'], '/etc/a.conf', '/etc/a.config'],
    ['OP-07', 'NotPostfix', ['.conf', '/shadow'], '/etc/passwd', '/etc/shadow'],
    ['OP-08', 'SubString', ['secret', 'etcr'], `${LONG}secret/of`, '/secre/t'],
    ['OP-09', 'SubStringIgnCase', ['SeCret'], '/a/sEcReT/b', '/a/sEcRe/T'],
    ['OP-09', 'SubStringIgnoreCase', ['key'], '/a/KEYS', '/a/KE-YS'],
  ];

export function textCases(): PolicyCase[] {
  const list = (values: string[]): string => values.map((value) => `"${value}"`).join(', ');
  return [
    ...OPERATORS.map(([row, operator, values, taken, other]) =>
      callCase({
        name: `${row} ${operator} of string`,
        rows: [row],
        value: 'type: string',
        filter: `operator: ${operator}, values: [${list(values)}]`,
        matching: `=${taken}`,
        differing: `=${other}`,
        shows: { string_arg: taken },
      }),
    ),
    callCase({
      name: 'AT-06 string of 4,095 bytes',
      rows: ['AT-06'],
      value: 'type: string, label: text',
      filter: `operator: Equal, values: ["${'x'.repeat(4095)}"]`,
      matching: `=${'x'.repeat(4095)}`,
      differing: `=${'x'.repeat(4094)}`,
      shows: { string_arg: 'x'.repeat(4095), label: 'text' },
    }),
    {
      name: 'AT-07 char_buf with sizeArgIndex',
      rows: ['AT-07'],
      spec: `
kprobes:
- call: sys_write
  syscall: true
  args: [{ index: 1, type: char_buf, sizeArgIndex: 3 }, { index: 2, type: size_t }]
  selectors:
  - matchArgs: [{ index: 1, operator: Prefix, values: ["merlon-buffer "] }]`,
      matching: 'write -1 =merlon-buffer_1234567 21 ; write -1 *6d65726c6f6e2d62756666657220ff00aa 17',
      differing: 'write -1 =merlon-buffer_merlon-buffer 20',
      expect: {
        args: [
          { bytes_arg: Buffer.from('6d65726c6f6e2d62756666657220ff00aa', 'hex').toString('base64') },
          { size_arg: '17' },
        ],
      },
    },
    {
      name: 'AT-07 char_buf that is cut',
      rows: ['AT-07'],
      spec: `
kprobes:
- call: sys_write
  syscall: true
  args: [{ index: 0, type: int }, { index: 1, type: char_buf, sizeArgIndex: 3 }]
  selectors:
  - matchArgs: [{ index: 0, operator: Equal, values: ["-4243"] }]`,
      matching: 'write -4243 size:5000 5000',
      differing: 'write -4248 size:5000 5000',
      expect: {
        args: [
          { int_arg: -4243 },
          { truncated_bytes_arg: { bytes_arg: Buffer.alloc(4096).toString('base64'), orig_size: '5000' } },
        ],
      },
    },
    {
      name: 'AT-07 char_buf with maxData',
      rows: ['AT-07'],
      spec: `
kprobes:
- call: sys_write
  syscall: true
  args: [{ index: 0, type: int }, { index: 1, type: char_buf, sizeArgIndex: 3, maxData: true }]
  selectors:
  - matchArgs:
    - { index: 0, operator: Equal, values: ["-4244"] }
    - { index: 1, operator: Prefix, values: ["begin"] }`,
      matching: `write -4244 =begin${LONG_BUFFER} ${LONG_BUFFER.length + 5}`,
      differing: `write -4244 =began${LONG_BUFFER} ${LONG_BUFFER.length + 5}`,
      expect: {
        args: [{ int_arg: -4244 }, { bytes_arg: Buffer.from(`begin${LONG_BUFFER}`).toString('base64') }],
      },
    },
    {
      name: 'AT-07 char_buf with maxData that is cut',
      rows: ['AT-07'],
      spec: `
kprobes:
- call: sys_write
  syscall: true
  args: [{ index: 0, type: int }, { index: 1, type: char_buf, sizeArgIndex: 3, maxData: true }]
  selectors:
  - matchArgs: [{ index: 0, operator: Equal, values: ["-4246"] }]`,
      matching: 'write -4246 size:400000 400000',
      differing: 'write -4247 size:400000 400000',
      expect: {
        args: [
          { int_arg: -4246 },
          {
            truncated_bytes_arg: {
              bytes_arg: Buffer.alloc(MAX_DATA).toString('base64'),
              orig_size: '400000',
            },
          },
        ],
      },
    },
    {
      name: 'AT-38 nop',
      rows: ['AT-38'],
      spec: `
kprobes:
- call: sys_futex
  syscall: true
  args: [{ index: 1, type: int }, { index: 2, type: nop }, { index: 5, type: int, label: sixth }]
  selectors:
  - matchArgs:
    - { index: 1, operator: Equal, values: ["113"] }
    - { index: 5, operator: Equal, values: ["77"] }`,
      matching: 'futex size:8 113 1 0 size:8 77',
      differing: 'futex size:8 113 1 0 size:8 78',
      expect: { args: [{ int_arg: 113 }, { int_arg: 77, label: 'sixth' }] },
    },
  ];
}
