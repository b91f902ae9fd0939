// SPDX-License-Identifier: Apache-2.0
/** Tracepoints, raw ones too. */
import assert from 'node:assert/strict';
import type { PolicyCase, Stage } from './case.ts';

export function tracepointCases({ call, otherCall }: Stage): PolicyCase[] {
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
      expect: ({ args }) => {
        assert.deepEqual(args?.[0], { syscall_id: { id: 124, abi: 'x64' } });
        // The field holds six unsigned longs, the first of which is the process that was asked for.
        const { bytes_arg: bytes } = args[1] as { bytes_arg: string };
        assert.equal(Buffer.from(bytes, 'base64').readBigUInt64LE(0), 1_234_567n);
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
      expect: ({ args }, { pid }) => {
        assert.deepEqual(args, [
          { linux_binprm_arg: { path: otherCall, permission: '-rwxr-xr-x' } },
          { string_arg: otherCall },
          { int_arg: pid },
        ]);
      },
    },
  ];
}
