// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { capabilityNames } from '../../../src/encode/capabilities.ts';
import type { ExecEvent } from '../support/events.ts';
import type { Identity } from '../support/identity.ts';
import { runIdentity } from '../support/identity.ts';
import type { AgentOfTests } from '../support/lookup.ts';
import { execOfIdentity, withDirectory } from '../support/lookup.ts';
import { program } from '../support/programs.ts';

const IDENTITY = program('identity');
const USER = { uid: 4321, gid: 5432 };
const OWNER = 1234;
/** include/uapi/linux/capability.h */
const CAP_NET_RAW = 13;

/** Ids and capabilities as /proc/self/status shows them: real, effective, saved, filesystem. */
function assertCredentials({ process }: ExecEvent, { status }: Identity): void {
  const ids = (name: string): number[] => (status[name] ?? '').split(/\s+/).map(Number);
  const { uid, euid, suid, fsuid, gid, egid, sgid, fsgid } = process.process_credentials ?? {};
  assert.deepEqual([uid, euid, suid, fsuid], ids('Uid'));
  assert.deepEqual([gid, egid, sgid, fsgid], ids('Gid'));
  assert.equal(process.uid, ids('Uid')[0]);
  const capabilities = (name: string): string[] => capabilityNames(BigInt(`0x${status[name] ?? ''}`));
  assert.deepEqual(process.cap?.permitted ?? [], capabilities('CapPrm'));
  assert.deepEqual(process.cap?.effective ?? [], capabilities('CapEff'));
  assert.deepEqual(process.cap?.inheritable ?? [], capabilities('CapInh'));
}

export function privilegeTests(agent: AgentOfTests): void {
  /** Runs a copy of identity, prepared by `prepare`, as a user. */
  async function runCopy(
    prepare: (copy: string) => void,
    options: { uid?: number; gid?: number } = USER,
  ): Promise<{ identity: Identity; exec: ExecEvent }> {
    return withDirectory(async (directory) => {
      chmodSync(directory, 0o755);
      const copy = join(directory, 'copy');
      copyFileSync(IDENTITY, copy);
      chmodSync(copy, 0o755);
      prepare(copy);
      const identity = await runIdentity([copy], options);
      const exec = await execOfIdentity(agent(), identity);
      assertCredentials(exec, identity);
      return { identity, exec };
    });
  }

  const changed = (exec: ExecEvent): string[] | undefined =>
    exec.process.binary_properties?.privileges_changed;

  test('ids and capabilities of root and of a user', async () => {
    const { exec: root } = await runCopy(() => undefined, {});
    const { exec: user } = await runCopy(() => undefined);
    assert.equal(root.process.uid, 0);
    assert.ok((root.process.cap?.effective ?? []).length > 30);
    assert.equal(user.process.uid, USER.uid);
    assert.deepEqual(user.process.cap, {});
    assert.equal(changed(user), undefined);
  });

  test('a set-user-id binary', async () => {
    const { exec } = await runCopy((copy) => {
      chownSync(copy, OWNER, OWNER);
      chmodSync(copy, 0o4755);
    });
    assert.deepEqual(changed(exec), ['PRIVILEGES_RAISED_EXEC_FILE_SETUID']);
    assert.equal(exec.process.binary_properties?.setuid, OWNER);
    assert.equal(exec.process.process_credentials?.euid, OWNER);
  });

  test('a set-user-id binary of root', async () => {
    const { exec } = await runCopy((copy) => chmodSync(copy, 0o4755));
    assert.deepEqual(changed(exec), ['PRIVILEGES_RAISED_EXEC_FILE_SETUID']);
    assert.equal(exec.process.binary_properties?.setuid, 0);
  });

  test('a set-group-id binary', async () => {
    const { exec } = await runCopy((copy) => {
      chownSync(copy, OWNER, OWNER);
      chmodSync(copy, 0o2755);
    });
    assert.deepEqual(changed(exec), ['PRIVILEGES_RAISED_EXEC_FILE_SETGID']);
    assert.equal(exec.process.binary_properties?.setgid, OWNER);
  });

  test('a set-user-id bit that gives nothing is not marked', async () => {
    const { exec } = await runCopy((copy) => {
      chownSync(copy, USER.uid, USER.gid);
      chmodSync(copy, 0o6755);
    });
    assert.equal(changed(exec), undefined);
  });

  test('capabilities of the file', async () => {
    const { exec } = await runCopy((copy) => {
      execFileSync(program('grant-capability'), [copy, String(CAP_NET_RAW)]);
    });
    assert.deepEqual(changed(exec), ['PRIVILEGES_RAISED_EXEC_FILE_CAP']);
    assert.deepEqual(exec.process.cap?.effective, ['CAP_NET_RAW']);
  });

  test('a nosuid mount: neither ids nor the mark', async () => {
    await withDirectory(async (directory) => {
      const script = [
        `mount -t tmpfs -o nosuid,mode=755 tmpfs ${directory}`,
        `cp ${IDENTITY} ${directory}/copy`,
        `chown ${OWNER} ${directory}/copy`,
        `chmod 4755 ${directory}/copy`,
        `exec setpriv --reuid ${USER.uid} --regid ${USER.gid} --clear-groups ${directory}/copy`,
      ];
      const identity = await runIdentity(['unshare', '--mount', '/bin/sh', '-ec', script.join('\n')]);
      const exec = await execOfIdentity(agent(), identity);
      assertCredentials(exec, identity);
      assert.equal(exec.process.process_credentials?.euid, USER.uid);
      assert.equal(changed(exec), undefined);
    });
  });
}
