// SPDX-License-Identifier: Apache-2.0
/** Hooks on system calls. */
import assert from 'node:assert/strict';
import { type PolicyCase, type Stage, callCase } from './case.ts';

export function syscallCases({ directory, call }: Stage): PolicyCase[] {
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
    ...compatCases(),
    ...generatedCases(call),
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

/** Numbers of 32-bit programs; getsid's own is that of adjtimex there. */
const I386_GETSID = 147;
const X64_GETSID = 124;

/** System calls of 32-bit programs, which 64-bit programs can make as well. */
function compatCases(): PolicyCase[] {
  const needs = ['compat'] as const;
  return [
    {
      name: 'HK-09 list of system calls of 32-bit programs',
      rows: ['HK-09'],
      needs,
      spec: `
lists:
- name: compat
  type: syscalls
  values: [i386/sys_getsid]
kprobes:
- call: list:compat
  args: [{ index: 0, type: int }]
  selectors:
  - matchArgs: [{ index: 0, operator: Equal, values: ["-4343"] }]`,
      matching: `int80 ${I386_GETSID} -4343`,
      differing: 'getsid -4343',
      expect: { function_name: '__ia32_sys_getsid', args: [{ int_arg: -4343 }] },
    },
    {
      name: 'HK-01 kprobe of a system call of 32-bit programs with return',
      rows: ['HK-01'],
      needs,
      spec: `
kprobes:
- call: __ia32_sys_getsid
  syscall: true
  return: true
  args: [{ index: 0, type: int }]
  returnArg: { index: 0, type: int }
  selectors:
  - matchArgs: [{ index: 0, operator: Equal, values: ["-4344"] }]`,
      matching: `int80 ${I386_GETSID} -4344`,
      differing: 'getsid -4344',
      expect: { args: [{ int_arg: -4344 }], return: { int_arg: -3 } },
    },
    {
      name: 'HK-01 kprobe of a system call is not one of 32-bit programs',
      rows: ['HK-01'],
      needs,
      spec: `
kprobes:
- call: sys_getsid
  syscall: true
  args: [{ index: 0, type: int }]
  selectors:
  - matchArgs: [{ index: 0, operator: Equal, values: ["-4345"] }]`,
      matching: 'getsid -4345',
      differing: `int80 ${I386_GETSID} -4345 ; int80 ${X64_GETSID} -4345`,
      expect: { function_name: '__x64_sys_getsid' },
    },
    {
      name: 'AT-37 syscall64 of 32-bit programs',
      rows: ['AT-37', 'HK-09'],
      needs,
      spec: `
lists:
- name: compat
  type: syscalls
  values: [i386/sys_getsid]
tracepoints:
- subsystem: raw_syscalls
  event: sys_enter
  args: [{ index: 4, type: syscall64 }, { index: 5 }]
  selectors:
  - matchArgs: [{ index: 4, operator: InMap, values: ["list:compat"] }]`,
      matching: `int80 ${I386_GETSID} -4346`,
      differing: 'getsid -4346',
      expect: ({ args }) => assert.deepEqual(args?.[0], { syscall_id: { id: I386_GETSID, abi: 'i386' } }),
    },
  ];
}

/** Lists that the agent fills: their calls share a program. */
function generatedCases(call: string): PolicyCase[] {
  const own = `matchBinaries: [{ operator: In, values: ["${call}"] }]`;
  return [
    {
      name: 'HK-09 list of all system calls',
      rows: ['HK-09'],
      spec: `
lists: [{ name: all, type: generated_syscalls }]
kprobes:
- call: list:all
  args: [{ index: 0, type: int }]
  selectors:
  - matchArgs: [{ index: 0, operator: Equal, values: ["-4347"] }]
    ${own}`,
      matching: `getsid -4347 ; int80 ${I386_GETSID} -4347`,
      differing: 'getsid -4348',
      expect: { function_name: '__x64_sys_getsid', args: [{ int_arg: -4347 }] },
    },
    {
      name: 'HK-09 list of all system calls with return',
      rows: ['HK-09'],
      spec: `
lists: [{ name: all, type: generated_syscalls }]
kprobes:
- call: list:all
  return: true
  args: [{ index: 0, type: int }]
  returnArg: { index: 0, type: long }
  selectors:
  - matchArgs: [{ index: 0, operator: Equal, values: ["-4349"] }]
    matchReturnArgs: [{ index: 0, operator: Equal, values: ["-3"] }]
    ${own}`,
      matching: 'getpgid -4349 ; getsid -4349',
      differing: 'fsync -4349',
      count: 2,
      expect: { function_name: '__x64_sys_getpgid', return: { long_arg: '-3' } },
    },
    {
      name: 'HK-09 list of functions by a pattern',
      rows: ['HK-09'],
      needs: ['trampolines'],
      spec: `
lists:
- name: sockets
  type: generated_ftrace
  pattern: ^__sys_(bind|connect|getpeername|getsockname|listen|recvfrom|sendto|shutdown|socket|socketpair)$
kprobes:
- call: list:sockets
  syscall: false
  selectors:
  - matchNamespaceChanges: [{ operator: In, values: [Uts] }]
    ${own}`,
      matching: 'unshare 0x04000000 ; shutdown 99 0',
      differing: 'shutdown 99 0',
      expect: { function_name: '__sys_shutdown' },
    },
  ];
}
