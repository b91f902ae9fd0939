// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { UncheckedFact } from '../plan/plan-problem.ts';
import { BtfKernel } from './btf-kernel.ts';

const kernel = new BtfKernel(fileURLToPath(new URL('../../test/fixtures/btf/kernel.btf', import.meta.url)));

test('functions and members', () => {
  assert.deepEqual(
    kernel.findFunction('file_read')?.parameters.map(({ name, typeName }) => `${typeName} ${name}`),
    ['struct file * file', 'char * buffer', 'size_t count'],
  );
  assert.equal(kernel.findFunction('file_write'), undefined);
  assert.deepEqual(kernel.functionNames('file_').toSorted(), ['file_open', 'file_read']);
  assert.deepEqual(kernel.resolvePath('file', 'f_path.dentry.d_parent').steps.length, 2);
  assert.deepEqual(
    kernel.findStruct('path')?.members.map(({ name }) => name),
    ['mnt', 'dentry'],
  );
});

test('tracepoints', () => {
  assert.deepEqual(kernel.eventNames().toSorted(), ['exec', 'exec_failed']);
  assert.deepEqual(
    kernel.rawTracepoint('exec')?.map(({ typeName }) => typeName),
    ['struct task_struct *', 'int'],
  );
  assert.deepEqual(kernel.rawTracepoint('exec_failed')?.length, 1);
  assert.equal(kernel.rawTracepoint('fork'), undefined);
  assert.deepEqual(
    kernel
      .tracepointFields('sched', 'exec')
      ?.map(({ name, declaration, offset, size, signed }) => [...[name, declaration, offset, size, signed]]),
    [
      ['common_type', 'unsigned short', 0, 2, false],
      ['common_flags', 'unsigned char', 2, 1, false],
      ['common_preempt_count', 'unsigned char', 3, 1, false],
      ['common_pid', 'int', 4, 4, true],
      ['filename', '__data_loc char[]', 8, 4, false],
      ['pid', 'int', 12, 4, true],
      ['comm', 'char[16]', 16, 16, true],
    ],
  );
  assert.equal(kernel.tracepointFields('sched', 'fork'), undefined);
  assert.equal(kernel.tracepointFields('syscalls', 'sys_enter_open'), undefined);
});

test('what types do not tell is no fact', () => {
  assert.throws(() => kernel.tracepointFields('sched', 'exec_failed'), UncheckedFact);
  assert.throws(() => kernel.tracepointFields('syscalls', 'sys_exit_read'), UncheckedFact);
  assert.throws(() => kernel.userFile('/bin/sh'), UncheckedFact);
  assert.throws(() => kernel.userTypes('/bin/sh'), UncheckedFact);
});
