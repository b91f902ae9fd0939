// SPDX-License-Identifier: Apache-2.0
/** Kinds of hooks. */
import { type PolicyCase, type Stage, callCase } from './case.ts';

const OPEN_PATH = '0x200000';

function functionCases({ directory }: Stage): PolicyCase[] {
  const open = (name: string): string => `openat -100 =${directory}/${name} ${OPEN_PATH} 0`;
  return [
    {
      name: 'HK-01 kprobe',
      rows: ['HK-01'],
      needs: ['trampolines'],
      spec: `
kprobes:
- call: do_sys_openat2
  syscall: false
  message: opens a file
  tags: [observability.filesystem]
  args: [{ index: 1, type: string }, { index: 2, type: uint64, resolve: flags }]
  selectors:
  - matchArgs: [{ index: 1, operator: Equal, values: ["${directory}/plain"] }]`,
      matching: open('plain'),
      differing: open('other'),
      expect: {
        type: 'process_kprobe',
        function_name: 'do_sys_openat2',
        message: 'opens a file',
        tags: ['observability.filesystem'],
        args: [{ string_arg: `${directory}/plain` }, { size_arg: String(Number(OPEN_PATH)) }],
      },
    },
    {
      name: 'HK-01 kprobe with return',
      rows: ['HK-01', 'SE-04'],
      needs: ['trampolines'],
      spec: `
kprobes:
- call: do_sys_openat2
  syscall: false
  return: true
  args: [{ index: 1, type: string }]
  returnArg: { index: 0, type: int }
  selectors:
  - matchArgs: [{ index: 1, operator: Prefix, values: ["${directory}/"] }]
    matchReturnArgs: [{ index: 0, operator: Equal, values: ["-2"] }]`,
      matching: open('missing'),
      differing: open('plain'),
      expect: { args: [{ string_arg: `${directory}/missing` }], return: { int_arg: -2 } },
    },
    {
      name: 'HK-02 fentry',
      rows: ['HK-02', 'AT-11'],
      needs: ['trampolines'],
      spec: `
fentries:
- call: do_unlinkat
  syscall: false
  args: [{ index: 0, type: int }, { index: 1, type: filename }]
  selectors:
  - matchArgs: [{ index: 1, operator: Postfix, values: ["/absent"] }]`,
      matching: `unlinkat -100 =${directory}/absent 0`,
      differing: `unlinkat -100 =${directory}/absent-too 0`,
      expect: {
        type: 'process_kprobe',
        function_name: 'do_unlinkat',
        args: [{ int_arg: -100 }, { string_arg: `${directory}/absent` }],
      },
    },
    {
      name: 'HK-02 fentry of a system call',
      rows: ['HK-02'],
      spec: `
fentries:
- call: sys_faccessat
  syscall: true
  args: [{ index: 1, type: string }]
  selectors:
  - matchArgs: [{ index: 1, operator: Equal, values: ["${directory}/fentry"] }]`,
      matching: `faccessat -100 =${directory}/fentry 0`,
      differing: `faccessat -100 =${directory}/fentr 0`,
      expect: { function_name: '__x64_sys_faccessat', args: [{ string_arg: `${directory}/fentry` }] },
    },
    {
      name: 'HK-07 lsm',
      rows: ['HK-07'],
      needs: ['trampolines', 'bpfLsm'],
      spec: `
lsmhooks:
- hook: file_open
  args: [{ index: 0, type: file }]
  selectors:
  - matchArgs: [{ index: 0, operator: Equal, values: ["${directory}/plain"] }]`,
      matching: `openat -100 =${directory}/plain 0 0`,
      differing: `openat -100 =${directory}/other 0 0`,
      expect: {
        type: 'process_lsm',
        function_name: 'file_open',
        args: [{ file_arg: { path: `${directory}/plain`, permission: '-rw-r--r--' } }],
      },
    },
  ];
}

function syscallCases({ directory }: Stage): PolicyCase[] {
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

function tracepointCases({ call, otherCall }: Stage): PolicyCase[] {
  return [
    {
      name: 'HK-03 tracepoint',
      rows: ['HK-03', 'AT-01', 'AT-06'],
      spec: `
tracepoints:
- subsystem: task
  event: task_rename
  args: [{ index: 6, type: string }, { index: 7 }]
  selectors:
  - matchArgs: [{ index: 6, operator: Equal, values: [merlon-name] }]`,
      matching: 'prctl 15 =merlon-name',
      differing: 'prctl 15 =merlon-nam',
      expect: {
        type: 'process_tracepoint',
        subsys: 'task',
        event: 'task_rename',
        args: [{ string_arg: 'merlon-name' }, { int_arg: 0 }],
      },
    },
    {
      name: 'AT-10 data_loc',
      rows: ['AT-10', 'HK-03'],
      spec: `
tracepoints:
- subsystem: sched
  event: sched_process_exec
  args: [{ index: 4, type: data_loc }]
  selectors:
  - matchArgs: [{ index: 4, operator: Equal, values: ["${otherCall}"] }]`,
      matching: { steps: 'getsid 0', program: otherCall },
      differing: 'getsid 0',
      expect: { args: [{ string_arg: otherCall }] },
    },
    {
      name: 'AT-09 const_buf',
      rows: ['AT-09', 'AT-37'],
      spec: `
tracepoints:
- subsystem: raw_syscalls
  event: sys_enter
  args: [{ index: 4, type: syscall64 }, { index: 5 }]
  selectors:
  - matchBinaries: [{ operator: In, values: ["${call}"] }]
    matchArgs: [{ index: 4, operator: InMap, values: ["list:one"] }]
lists:
- { name: one, type: syscalls, values: [sys_getsid] }`,
      matching: 'getsid 1234567',
      differing: 'getpgid 1234567',
      expect: (event) => {
        const [id, bytes] = event.args ?? [];
        const shown = Buffer.from(String(bytes?.bytes_arg ?? ''), 'base64');
        if (
          JSON.stringify(id) !== '{"syscall_id":{"id":124,"abi":"x64"}}' ||
          shown.readInt32LE(0) !== 1_234_567
        )
          throw new Error(JSON.stringify(event.args));
      },
    },
    {
      name: 'HK-04 raw tracepoint',
      rows: ['HK-04', 'AT-01', 'AT-18'],
      spec: `
tracepoints:
- subsystem: sched
  event: sched_process_exec
  raw: true
  args: [{ index: 2, type: linux_binprm }, { index: 2, type: string, resolve: filename }, { index: 0, type: int, resolve: tgid }]
  selectors:
  - matchArgs: [{ args: [0], operator: Equal, values: ["${otherCall}"] }]`,
      matching: { steps: 'getsid 0', program: otherCall },
      differing: 'getsid 0',
      expect: (event, { pid }) => {
        const expected = [
          { linux_binprm_arg: { path: otherCall, permission: '-rwxr-xr-x' } },
          { string_arg: otherCall },
          { int_arg: pid },
        ];
        if (JSON.stringify(event.args) !== JSON.stringify(expected)) throw new Error(JSON.stringify(event));
      },
    },
  ];
}

export function hookCases(stage: Stage): PolicyCase[] {
  return [...functionCases(stage), ...syscallCases(stage), ...tracepointCases(stage)];
}
