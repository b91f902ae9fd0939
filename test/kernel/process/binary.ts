// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { readIdentity, runIdentity } from '../support/identity.ts';
import type { AgentOfTests } from '../support/lookup.ts';
import { execOf, execOfIdentity, exitOf, withDirectory } from '../support/lookup.ts';
import { program } from '../support/programs.ts';
import { runProgram, Subject } from '../support/subject.ts';

const IDENTITY = program('identity');

export function binaryTests(agent: AgentOfTests): void {
  test('path, directory, inode and device are those of /proc and stat', async () => {
    await withDirectory(async (directory) => {
      const identity = await runIdentity([IDENTITY], { cwd: directory });
      const { process, merlon } = await execOfIdentity(agent(), identity);
      assert.equal(process.binary, IDENTITY);
      assert.equal(process.cwd, directory);
      assert.equal(merlon.file?.inode, identity.inode);
      assert.equal(merlon.file.device, identity.device);
      assert.equal(merlon.file.deleted, undefined);
      assert.equal(merlon.file.anonymous, undefined);
      assert.equal(process.binary_properties, undefined);
      assert.equal(process.flags, 'execve clone');
    });
  });

  test('an exec from a thread that is not the leader', async () => {
    const subject = new Subject(program('exec-from-thread'), [IDENTITY]);
    await subject.end();
    const { tid } = await subject.report<{ tid: number }>();
    const identity = await readIdentity(subject, 1);
    assert.equal(identity.pid, subject.pid);
    assert.notEqual(tid, subject.pid);
    const launcher = await execOf(agent(), subject.pid, program('exec-from-thread'));
    const exec = await execOfIdentity(agent(), identity);
    assert.equal(exec.merlon.exec_tid, tid);
    assert.equal(exec.process.tid, tid);
    assert.equal(exec.process.flags?.includes('clone'), false);
    assert.deepEqual(exec.merlon.ancestry, launcher.merlon.ancestry);
    // The process exits once, by its last image; the first image did not exit.
    const exit = await exitOf(agent(), exec);
    assert.equal(exit.process.pid, subject.pid);
    assert.equal(agent().events.exits.filter(({ process }) => process.pid === subject.pid).length, 1);
  });

  test('an exec after vfork', async () => {
    const { pid, child } = await runProgram<{ pid: number; child: number }>(program('exec-by-vfork'), [
      program('end'),
      '4',
    ]);
    const exec = await execOf(agent(), child, program('end'));
    assert.equal(exec.merlon.ancestry[0]?.pid, pid);
    assert.equal(exec.merlon.ancestry[0].binary, program('exec-by-vfork'));
    assert.equal((await exitOf(agent(), exec)).status, 4);
  });

  test('a deleted file', async () => {
    await withDirectory(async (directory) => {
      const copy = join(directory, 'copy');
      const identity = await runIdentity([program('exec-deleted'), copy, IDENTITY]);
      assert.equal(identity.exe, copy);
      assert.equal(identity.links, 0);
      const { process, merlon } = await execOfIdentity(agent(), identity);
      assert.equal(merlon.file?.deleted, true);
      assert.equal(merlon.file.inode, identity.inode);
      assert.deepEqual(process.binary_properties?.file, {
        inode: { number: identity.inode, links: 0 },
        path: copy,
      });
    });
  });

  test('a file in memory', async () => {
    const identity = await runIdentity([program('exec-memfd'), 'in memory', IDENTITY]);
    assert.equal(identity.exe, '/memfd:in memory');
    const { process, merlon } = await execOfIdentity(agent(), identity);
    assert.equal(merlon.file?.anonymous, true);
    assert.equal(merlon.file.inode, identity.inode);
    assert.equal(process.binary_properties?.file?.path, '/memfd:in memory');
  });

  test('a path of 4,095 bytes', async () => {
    await withDirectory(async (directory) => {
      const identity = await runIdentity([program('exec-deep'), directory, '4095', IDENTITY]);
      assert.equal(Buffer.byteLength(identity.exe ?? ''), 4095);
      const { process, merlon } = await execOfIdentity(agent(), identity);
      assert.equal(process.cwd, identity.cwd);
      assert.equal(merlon.truncated, undefined);
    });
  });

  test('a path longer than the kernel can name keeps its end and says so', async () => {
    await withDirectory(async (directory) => {
      const identity = await runIdentity([program('exec-deep'), directory, '6000', IDENTITY]);
      assert.equal(identity.exe, undefined);
      const execs = await agent().events.waitForExecs(
        'the deep one',
        ({ process }) => process.pid === identity.pid && process.binary !== program('exec-deep'),
      );
      const { process, merlon } = execs.at(-1) ?? {};
      assert.deepEqual(merlon?.truncated, ['process.binary', 'process.cwd']);
      const length = process?.binary?.length ?? 0;
      assert.ok(length > 3_800 && length <= 4_095, `${length} bytes`);
      assert.match(process?.binary ?? '', /^\/.*\/p+$/);
      assert.match(process?.flags ?? '', /truncFilename/);
      assert.match(process?.flags ?? '', /errorCWD/);
    });
  });
}
