// SPDX-License-Identifier: Apache-2.0
/** Arguments' options, several selectors, and actions. */
import assert from 'node:assert/strict';
import { type PolicyCase, callCase } from './case.ts';

const STACKS = 'matchActions: [{ action: Post, kernelStackTrace: true, userStackTrace: true }]';

export function actionCases(): PolicyCase[] {
  return [
    callCase({
      name: 'SE-02 matchArgs by place',
      rows: ['SE-02'],
      value: 'type: int',
      filter: 'args: [1], operator: Equal, values: ["1"]',
      ...{ matching: '1', differing: '2' },
      shows: { int_arg: 1 },
    }),
    callCase({
      name: 'SE-13 the first selector that matches decides',
      rows: ['SE-13', 'AC-02'],
      value: 'type: int',
      filter: 'operator: Equal, values: ["2"]',
      selector: 'matchActions: [{ action: NoPost }]',
      otherSelectors: (option) =>
        `- matchArgs: [{ index: 0, operator: Equal, values: ["${option}"] }, { index: 1, operator: LT, values: ["9"] }]`,
      ...{ matching: '3', differing: '2' },
      shows: { int_arg: 3 },
    }),
    {
      name: 'SE-14 matchReturnActions',
      rows: ['SE-14', 'SE-04'],
      spec: `
kprobes:
- call: sys_getpgid
  syscall: true
  return: true
  args: [{ index: 0, type: int }]
  returnArg: { index: 0, type: int64 }
  selectors:
  - matchArgs: [{ index: 0, operator: LessThan, values: ["-7000"] }]
    matchReturnArgs: [{ index: 0, operator: NotEqual, values: ["0"] }]
    matchReturnActions: [{ action: Post }]`,
      matching: 'getpgid -7001',
      differing: 'getpgid -7000',
      expect: {
        args: [{ int_arg: -7001 }],
        return: { long_arg: '-3' },
        return_action: 'KPROBE_ACTION_POST',
      },
    },
    {
      name: 'AT-07 char_buf with returnCopy',
      rows: ['AT-07'],
      spec: `
kprobes:
- call: sys_read
  syscall: true
  args: [{ index: 1, type: char_buf, returnCopy: true, sizeArgIndex: 3 }, { index: 2, type: size_t }]
  selectors:
  - matchArgs: [{ index: 2, operator: Equal, values: ["7003"] }]`,
      matching: 'memfd_create =merlon 0 ; write $0 =was-read 8 ; lseek $0 0 0 ; read $0 size:7003 7003',
      differing: 'memfd_create =merlon 0 ; write $0 =was-read 8 ; lseek $0 0 0 ; read $0 size:7003 7002',
      expect: { args: [{ bytes_arg: Buffer.from('was-read').toString('base64') }, { size_arg: '7003' }] },
    },
    callCase({
      name: 'AC-01 Post with stack traces',
      rows: ['AC-01', 'SE-13'],
      value: 'type: int',
      filter: 'operator: Equal, values: ["1"]',
      selector: STACKS,
      ...{ matching: '1', differing: '2' },
      expect: ({ user_stack_trace: user, kernel_stack_trace: kernel }) => {
        for (const stack of [user, kernel])
          assert.ok(Array.isArray(stack) && stack.length > 0, JSON.stringify(stack));
        // Whether the program has ended meanwhile or not: the C library's function is part of the static program.
        const [{ symbol, module }] = user as [{ symbol?: string; module?: string }];
        assert.match(`${symbol} ${module}`, /^syscall .*\/call$/, JSON.stringify(user));
      },
    }),
  ];
}
