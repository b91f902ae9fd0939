// SPDX-License-Identifier: Apache-2.0
// Format files as kernels print them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTracepointFormat } from './tracepoint-format.ts';

const COMMON = `format:
	field:unsigned short common_type;	offset:0;	size:2;	signed:0;
	field:unsigned char common_flags;	offset:2;	size:1;	signed:0;
	field:unsigned char common_preempt_count;	offset:3;	size:1;	signed:0;
	field:int common_pid;	offset:4;	size:4;	signed:1;
`;
const EXEC = `name: sched_process_exec
ID: 365
${COMMON}
	field:__data_loc char[] filename;	offset:8;	size:4;	signed:0;
	field:pid_t pid;	offset:12;	size:4;	signed:1;
	field:pid_t old_pid;	offset:16;	size:4;	signed:1;

print fmt: "filename=%s pid=%d old_pid=%d", __get_str(filename), REC->pid, REC->old_pid
`;
const SWITCH = `name: sched_switch
ID: 316
${COMMON}
	field:char prev_comm[16];	offset:8;	size:16;	signed:0;
	field:pid_t prev_pid;	offset:24;	size:4;	signed:1;
	field:long prev_state;	offset:32;	size:8;	signed:1;
`;
const OPENAT = `name: sys_enter_openat
ID: 700
${COMMON}
	field:int __syscall_nr;	offset:8;	size:4;	signed:1;
	field:int dfd;	offset:16;	size:8;	signed:0;
	field:const char * filename;	offset:24;	size:8;	signed:0;
	field:umode_t mode;	offset:40;	size:8;	signed:0;
`;

test('the common fields come first', () => {
  assert.deepEqual(
    parseTracepointFormat(EXEC).map(({ name }) => name),
    ['common_type', 'common_flags', 'common_preempt_count', 'common_pid', 'filename', 'pid', 'old_pid'],
  );
});

test('a string behind the record', () => {
  assert.deepEqual(parseTracepointFormat(EXEC)[4], {
    ...{ name: 'filename', declaration: '__data_loc char[]', offset: 8, size: 4, signed: false },
  });
});

test('an array', () => {
  assert.deepEqual(parseTracepointFormat(SWITCH)[4], {
    ...{ name: 'prev_comm', declaration: 'char[16]', offset: 8, size: 16, signed: false },
  });
});

test('numbers and pointers', () => {
  const [, , , , ...fields] = parseTracepointFormat(OPENAT);
  assert.deepEqual(
    fields.map(({ name, declaration, offset, size }) => [name, declaration, offset, size]),
    [
      ['__syscall_nr', 'int', 8, 4],
      ['dfd', 'int', 16, 8],
      ['filename', 'const char *', 24, 8],
      ['mode', 'umode_t', 40, 8],
    ],
  );
  assert.equal(parseTracepointFormat(SWITCH)[6]?.signed, true);
});

test('what is no format has no fields', () => {
  assert.deepEqual(parseTracepointFormat(''), []);
  assert.deepEqual(parseTracepointFormat('field:int x; offset:a; size:4; signed:0;'), []);
});
