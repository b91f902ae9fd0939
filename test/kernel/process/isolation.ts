// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, rmdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { cgroupMount } from '../support/cgroup.ts';
import type { ExecEvent } from '../support/events.ts';
import type { Identity } from '../support/identity.ts';
import { holdIdentity, readIdentity, runIdentity } from '../support/identity.ts';
import type { AgentOfTests } from '../support/lookup.ts';
import { execOf, execOfIdentity, withDirectory } from '../support/lookup.ts';
import { program } from '../support/programs.ts';

const IDENTITY = program('identity');

function assertNamespaces(exec: ExecEvent, identity: Identity): void {
  const reported = Object.entries(exec.process.ns ?? {}).map(([name, { inum }]) => [name, inum]);
  const shown = Object.entries(identity.ns).filter(([, inum]) => inum !== 0);
  assert.deepEqual(Object.fromEntries(reported), Object.fromEntries(shown));
}

export function isolationTests(agent: AgentOfTests): void {
  test('the namespaces of the host', async () => {
    const identity = await runIdentity();
    const exec = await execOfIdentity(agent(), identity);
    assertNamespaces(exec, identity);
    for (const [name, namespace] of Object.entries(exec.process.ns ?? {})) {
      // Where the first process is hidden, its mount and network namespaces are not known to be the host's.
      if (!['mnt', 'net'].includes(name)) assert.equal(namespace.is_host, true, name);
    }
    assert.equal(exec.process.in_init_tree, false);
  });

  test('namespaces of its own', async () => {
    const unshare = ['unshare', '--uts', '--ipc', '--mount', '--net', '--cgroup', '--time', '--user'];
    const identity = await runIdentity([...unshare, '--pid', '--fork', IDENTITY]);
    assert.equal(identity.nsPid, 1);
    assert.notEqual(identity.pid, 1);
    const exec = await execOfIdentity(agent(), identity);
    assertNamespaces(exec, identity);
    for (const [name, namespace] of Object.entries(exec.process.ns ?? {}))
      assert.equal(namespace.is_host, undefined, name);
  });

  test('a pid namespace: its first process and the descendants, but not one that came in', async () => {
    const shell = ['unshare', '--pid', '--fork', '/bin/sh', '-c', `${IDENTITY}; :`];
    const subject = holdIdentity(shell);
    const inside = await readIdentity(subject);
    const exec = await execOfIdentity(agent(), inside);
    assert.ok(inside.nsPid > 1);
    assert.equal(exec.process.in_init_tree, true);
    const first = await execOf(agent(), inside.chain[0]?.pid ?? 0, inside.chain[0]?.binary);
    assert.equal(first.process.in_init_tree, true);

    const came = await runIdentity(['nsenter', '--pid', '--target', String(inside.pid), IDENTITY]);
    assert.equal(came.ns.pid, inside.ns.pid);
    const entered = await execOfIdentity(agent(), came);
    assertNamespaces(entered, came);
    assert.equal(entered.process.in_init_tree, false);
    await subject.end();
  });

  test('chroot: paths are those that the process sees, and the root is named', async () => {
    await withDirectory(async (directory) => {
      mkdirSync(join(directory, 'bin'));
      copyFileSync(IDENTITY, join(directory, 'bin/inside'));
      const subject = holdIdentity(['chroot', directory, '/bin/inside']);
      await subject.report();
      const exec = await execOf(agent(), subject.pid, '/bin/inside');
      assert.equal(exec.merlon.root, directory);
      assert.equal(exec.process.cwd, '/');
      assert.match(exec.process.flags ?? '', /rootcwd/);
      assert.equal(exec.merlon.file?.inode, String(statSync(join(directory, 'bin/inside')).ino));
      await subject.end();
    });
  });

  test('a mount namespace: the path through its own mounts', async () => {
    await withDirectory(async (directory) => {
      const script = [
        `mount -t tmpfs tmpfs ${directory}`,
        `mkdir ${directory}/a ${directory}/b`,
        `cp ${IDENTITY} ${directory}/a/copy`,
        `mount --bind ${directory}/a ${directory}/b`,
        `cd ${directory}/b`,
        `exec ./copy`,
      ];
      const identity = await runIdentity(['unshare', '--mount', '/bin/sh', '-ec', script.join('\n')]);
      assert.equal(identity.exe, join(directory, 'b/copy'));
      const exec = await execOfIdentity(agent(), identity);
      assertNamespaces(exec, identity);
      assert.equal(exec.process.cwd, identity.cwd);
      assert.equal(exec.merlon.root, undefined);
      assert.equal(exec.merlon.file?.device, identity.device);
    });
  });

  test('the cgroup', async () => {
    const name = `merlon-test-${process.pid}`;
    const directory = join(cgroupMount(), name, 'child');
    mkdirSync(directory, { recursive: true });
    try {
      const enter = `echo 0 >${directory}/cgroup.procs && exec ${IDENTITY}`;
      const identity = await runIdentity(['/bin/sh', '-c', enter]);
      const exec = await execOfIdentity(agent(), identity);
      assert.equal(exec.merlon.cgroup?.id, String(statSync(directory, { bigint: true }).ino));
      assert.equal(exec.merlon.cgroup.path, identity.cgroup);
      assert.match(identity.cgroup, new RegExp(`/${name}/child$`));
    } finally {
      rmdirSync(directory);
      rmdirSync(join(cgroupMount(), name));
    }
  });
}
