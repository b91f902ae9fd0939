// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runIdentity } from '../support/identity.ts';
import type { AgentOfTests } from '../support/lookup.ts';
import { execOfIdentity } from '../support/lookup.ts';
import { program } from '../support/programs.ts';

const IDENTITY = program('identity');
const LOGIN_UID = 12_345;

/** dev_t as user space gets it (new_encode_dev of include/linux/kdev_t.h) as "major:minor". */
function deviceText(dev: number): string {
  return `${(dev >> 8) & 0xfff}:${(dev & 0xff) | ((dev >>> 12) & 0xfff00)}`;
}

export function sessionTests(agent: AgentOfTests): void {
  test('session and terminal', async () => {
    const identity = await runIdentity([program('exec-on-terminal'), IDENTITY]);
    const { merlon } = await execOfIdentity(agent(), identity);
    assert.equal(identity.sid, identity.pid);
    assert.equal(merlon.sid, identity.sid);
    assert.notEqual(identity.tty, 0);
    assert.equal(merlon.tty, deviceText(identity.tty));
  });

  test('a session without a terminal', async () => {
    const identity = await runIdentity(['setsid', '--wait', IDENTITY]);
    const { merlon } = await execOfIdentity(agent(), identity);
    assert.equal(merlon.sid, identity.sid);
    assert.equal(merlon.tty, undefined);
  });

  test('the audit user and session', async () => {
    const login = `echo ${LOGIN_UID} >/proc/self/loginuid && exec ${IDENTITY}`;
    const identity = await runIdentity(['/bin/sh', '-c', login]);
    assert.equal(identity.loginuid, LOGIN_UID);
    const { process, merlon } = await execOfIdentity(agent(), identity);
    assert.equal(process.auid, LOGIN_UID);
    assert.equal(merlon.audit_session_id, identity.sessionid);
    const { process: without } = await execOfIdentity(agent(), await runIdentity());
    assert.equal(without.auid, 0xffff_ffff);
  });
}
