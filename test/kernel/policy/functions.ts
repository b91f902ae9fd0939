// SPDX-License-Identifier: Apache-2.0
/** Hooks on functions of the kernel and on security hooks. */
import type { PolicyCase, Stage } from './case.ts';

const OPEN_PATH = '0x200000';
/** Of which no kernel has sockets any more, so it looks for a module. */
const AF_IPX = 4;
/** In the guest's root directory, which its overlay forgets. */
const OVERLAID = `/merlon-case-${process.pid}`;

export function functionCases({ directory }: Stage): PolicyCase[] {
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
      name: 'HK-01 kprobe of a function that no trampoline can carry: its arguments vary',
      rows: ['HK-01'],
      needs: ['kprobes'],
      spec: `
kprobes:
- call: __request_module
  syscall: false
  args: [{ index: 1, type: string }]
  selectors:
  - matchArgs: [{ index: 1, operator: Prefix, values: ["net-pf-"] }]`,
      matching: `socket ${AF_IPX} 1 0`,
      differing: 'socket 2 1 0',
      expect: { function_name: '__request_module', args: [{ string_arg: 'net-pf-%d' }] },
    },
    {
      name: 'HK-01 kprobe of a function of a module, with its types',
      rows: ['HK-01'],
      needs: ['trampolines', 'guest', 'overlayModule'],
      spec: `
kprobes:
- call: ovl_create_real
  syscall: false
  args:
  - { index: 3, type: uint16, resolve: mode }
  - { index: 0, type: uint32, btfType: ovl_fs, btfTypeModule: overlay, resolve: numlayer }
  selectors:
  - matchArgs: [{ index: 3, operator: Equal, values: ["4480"] }]`,
      matching: `mknodat -100 =${OVERLAID}-fifo 0010600 0`,
      differing: `mknodat -100 =${OVERLAID}-file 0100600 0`,
      // A layer that takes what is written, and the host's root under it.
      expect: { function_name: 'ovl_create_real', args: [{ uint_arg: 0o010600 }, { uint_arg: 2 }] },
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
