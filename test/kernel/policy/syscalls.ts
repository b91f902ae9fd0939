// SPDX-License-Identifier: Apache-2.0
/** Hooks on system calls. */
import { type PolicyCase, type Stage, callCase } from './case.ts';

export function syscallCases({ directory }: Stage): PolicyCase[] {
  const access = (name: string): string => `faccessat -100 =${directory}/${name} 0`;
  return [
    {
      name: 'HK-01 kprobe of a system call',
      rows: ['HK-01'],
      spec: `
kprobes:
- call: faccessat
  syscall: true
  args: [{ index: 0, type: int }, { index: 1, type: string }]
  selectors:
  - matchArgs: [{ index: 1, operator: Equal, values: ["${directory}/entry"] }]`,
      matching: access('entry'),
      differing: access('entry/'),
      expect: {
        type: 'process_kprobe',
        args: [{ int_arg: -100 }, { string_arg: `${directory}/entry` }],
        action: 'KPROBE_ACTION_POST',
      },
    },
    {
      name: 'HK-01 kprobe of a system call with return',
      rows: ['HK-01', 'SE-04'],
      spec: `
kprobes:
- call: __x64_sys_faccessat
  syscall: true
  return: true
  args: [{ index: 1, type: string }]
  returnArg: { index: 0, type: int }
  selectors:
  - matchArgs: [{ index: 1, operator: Prefix, values: ["${directory}/"] }]
    matchReturnArgs: [{ index: 0, operator: Equal, values: ["-2"] }]`,
      matching: access('returns'),
      differing: access('plain'),
      expect: { args: [{ string_arg: `${directory}/returns` }], return: { int_arg: -2 } },
    },
    {
      name: 'HK-09 kprobe of a list of system calls',
      rows: ['HK-09'],
      spec: `
lists:
- name: identities
  type: syscalls
  values: [sys_getsid, sys_getpgid]
kprobes:
- call: list:identities
  args: [{ index: 0, type: int }]
  selectors:
  - matchArgs: [{ index: 0, operator: Equal, values: ["-4242"] }]`,
      matching: 'getsid -4242 ; getpgid -4242',
      differing: 'getsid -4243 ; prctl -4242',
      count: 2,
      expect: { args: [{ int_arg: -4242 }] },
    },
    callCase({
      name: 'HK-12 kinds of hooks in one policy',
      rows: ['HK-12'],
      spec: `
tracepoints:
- subsystem: task
  event: task_rename
  args: [{ index: 6, type: string }]
  selectors:
  - matchArgs: [{ index: 6, operator: Equal, values: [no-such-name] }]`,
      filter: 'operator: Equal, values: ["1"]',
      value: 'type: int',
      matching: '1',
      differing: '2',
      shows: { int_arg: 1 },
    }),
  ];
}
