// SPDX-License-Identifier: Apache-2.0
/** Arguments that end at a file, and what is asked of files. */
import assert from 'node:assert/strict';
import { type PolicyCase, type Stage, callCase } from './case.ts';

/** Where a case keeps an open file: a place in the task's table of descriptors, which `resolve` reaches. */
export const HELD = 50;
export const HELD_FILE = `files.fdt.fd[${HELD}]`;

/** O_PATH, O_PATH | O_NOFOLLOW: opens anything, even a device that is not there. */
const OPEN = '0x200000';
const OPEN_LINK = '0x220000';
const LSEEK = 8;

export function holdFile(path: string, flags = OPEN): string {
  return `openat -100 =${path} ${flags} 0 ; dup3 $0 ${HELD} 0 ; `;
}

/** A case whose value is reached from the current task. */
export function taskCase(given: {
  name: string;
  rows: readonly string[];
  type: string;
  resolve: string;
  filter?: string;
  before: readonly [matching: string, differing: string];
  data: (datum: Record<string, unknown>) => void;
}): PolicyCase {
  const { name, rows, type, resolve, filter, before, data } = given;
  const isFiltered = filter !== undefined;
  return callCase({
    ...{ name, rows: [...rows, 'SE-03'], before },
    hook: `data: [{ index: 0, type: ${type}, source: current_task, resolve: "${resolve}" }]`,
    // What takes no filter is told apart by the call's own argument.
    ...(isFiltered
      ? { selector: `matchData: [{ index: 0, ${filter} }]` }
      : { value: 'type: int', filter: 'operator: Equal, values: ["1"]' }),
    matching: '1',
    differing: isFiltered ? '1' : '2',
    expect: (event) => data(event.data?.[0] ?? {}),
  });
}

function shows(expected: unknown): (datum: Record<string, unknown>) => void {
  return (datum) => assert.deepEqual(datum, expected);
}

export function fileCases({ directory }: Stage): PolicyCase[] {
  const plain = `${directory}/plain`;
  const permission = '-rw-r--r--';
  const both = [holdFile(plain), holdFile(`${directory}/folder`)] as const;
  /** kind, its name in the directory, permissions; FileType's word */
  const kinds: readonly [word: string, name: string, permission: string, flags?: string][] = [
    ['reg', 'plain', permission],
    ['dir', 'folder', 'drwxr-xr-x'],
    ['fifo', 'fifo', 'prw-r--r--'],
    ['sock', 'socket', 'srwxr-xr-x'],
    ['blk', 'block', 'brw-r--r--'],
    ['chr', 'character', 'crw-r--r--'],
    ['lnk', 'link', 'lrwxrwxrwx', OPEN_LINK],
  ];
  return [
    {
      name: 'AT-12 fd',
      rows: ['AT-12'],
      spec: `
kprobes:
- call: sys_lseek
  syscall: true
  args: [{ index: 0, type: fd }, { index: 1, type: int64 }]
  selectors:
  - matchArgs: [{ index: 0, operator: Equal, values: ["${plain}"] }]`,
      matching: `openat -100 =${plain} 0 0 ; lseek $0 0 0`,
      differing: `openat -100 =${directory}/other 0 0 ; lseek $0 0 0`,
      expect: { args: [{ file_arg: { path: plain, permission } }, { long_arg: '0' }] },
    },
    {
      name: 'AT-12 fd that a path leads to',
      rows: ['AT-12'],
      spec: `
tracepoints:
- subsystem: raw_syscalls
  event: sys_enter
  raw: true
  args: [{ index: 0, type: fd, resolve: di }, { index: 1, type: int64 }]
  selectors:
  - matchArgs:
    - { args: [0], operator: Equal, values: ["${plain}"] }
    - { args: [1], operator: Equal, values: ["${LSEEK}"] }`,
      matching: `openat -100 =${plain} 0 0 ; lseek $0 0 0`,
      differing: `openat -100 =${directory}/other 0 0 ; lseek $0 0 0`,
      expect: { args: [{ file_arg: { path: plain, permission } }, { long_arg: String(LSEEK) }] },
    },
    taskCase({
      name: 'AT-13 file',
      rows: ['AT-13'],
      ...{ type: 'file', resolve: HELD_FILE, before: both },
      filter: `operator: Equal, values: ["${plain}"]`,
      data: shows({ file_arg: { path: plain, permission } }),
    }),
    taskCase({
      name: 'AT-14 path',
      rows: ['AT-14', 'OP-06'],
      ...{ type: 'path', resolve: 'fs.pwd', before: [`chdir =${directory}/folder ; `, ''] },
      filter: `operator: Prefix, values: ["${directory}/"]`,
      data: shows({ path_arg: { path: `${directory}/folder`, permission: 'drwxr-xr-x' } }),
    }),
    taskCase({
      name: 'AT-15 dentry',
      rows: ['AT-15', 'OP-07'],
      ...{ type: 'dentry', resolve: `${HELD_FILE}.f_path.dentry`, before: both },
      filter: 'operator: Postfix, values: ["/plain"]',
      data: (datum) => {
        const { path, permission: shown } = datum.path_arg as { path: string; permission: string };
        assert.ok(plain.endsWith(path) && path.endsWith('/plain'), path);
        assert.equal(shown, permission);
      },
    }),
    ...kinds.map(([word, name, shown, flags]) =>
      taskCase({
        name: `OP-17 FileType ${word}`,
        rows: ['OP-17', 'AT-13'],
        ...{ type: 'file', resolve: HELD_FILE },
        before: [
          holdFile(`${directory}/${name}`, flags),
          holdFile(`${directory}/${word === 'reg' ? 'folder' : 'plain'}`),
        ],
        filter: `operator: FileType, values: ["${word}"]`,
        data: shows({ file_arg: { path: `${directory}/${name}`, permission: shown } }),
      }),
    ),
    taskCase({
      name: 'OP-17 NotFileType',
      rows: ['OP-17'],
      ...{ type: 'path', resolve: `${HELD_FILE}.f_path`, before: both },
      filter: 'operator: NotFileType, values: ["dir", "chr"]',
      data: shows({ path_arg: { path: plain, permission } }),
    }),
    {
      name: 'AT-16 kiocb',
      rows: ['AT-16'],
      needs: ['trampolines'],
      spec: `
kprobes:
- call: shmem_file_read_iter
  syscall: false
  args: [{ index: 0, type: kiocb }, { index: 0, type: uint64, resolve: ki_pos }]
  selectors:
  - matchArgs: [{ args: [1], operator: Equal, values: ["7001"] }]`,
      matching: 'memfd_create =merlon 0 ; lseek $0 7001 0 ; read $0 size:8 8',
      differing: 'memfd_create =merlon 0 ; lseek $0 7002 0 ; read $0 size:8 8',
      expect: ({ args }) => {
        const file = args?.[0]?.file_arg as { path: string; permission: string };
        assert.match(file.path, /memfd:merlon/);
        assert.equal(file.permission, '-rwxrwxrwx');
      },
    },
  ];
}
