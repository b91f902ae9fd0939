// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { silentLogger } from '../base/log.ts';
import { openDoor } from './door.ts';
import { FakeView } from './testing.ts';

const addonPath = fileURLToPath(new URL('../../native/build/Release/merlon.node', import.meta.url));
const skip =
  (!existsSync(addonPath) && 'the native addon is not built') ||
  (process.getuid?.() !== 0 && 'needs root to become others');

const UID = 54_321;
const GID = 54_322;
const VIEWERS = 54_323;

/** Asks for the version as another user: everything is imported before the identity changes. */
const ASK = `
  import { AgentClient } from ${JSON.stringify(import.meta.resolve('./client.ts'))};
  import { FineGuidanceSensors } from ${JSON.stringify(import.meta.resolve('./gen/tetragon/sensors_pb.js'))};
  const [runDir, uid, gid, groups] = JSON.parse(process.argv[1]);
  process.setgroups(groups);
  process.setgid(gid);
  process.setuid(uid);
  try {
    const client = await AgentClient.connect(runDir);
    console.log((await client.unary(FineGuidanceSensors.method.getVersion, {})).version);
    client.close();
  } catch (error) {
    console.log(error.code);
  }
`;

async function ask(runDir: string, uid: number, gid: number, groups: number[]): Promise<string> {
  const args = ['--input-type=module', '-e', ASK, JSON.stringify([runDir, uid, gid, groups])];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 30_000 });
  return stdout.trim();
}

test('real callers are known by their uid, gid and supplementary groups', { skip }, async (t) => {
  const { addon } = await import('../kernel/addon.ts');
  const runDir = mkdtempSync(join(tmpdir(), 'merlon-peer-'));
  chmodSync(runDir, 0o755);
  const door = await openDoor({
    view: new FakeView(),
    settings: { runDir, viewerGroup: String(VIEWERS), nodeName: 'n', clusterName: undefined },
    log: silentLogger(),
    peerCredentials: addon.peerCredentials,
  });
  t.after(async () => {
    await door.close();
    rmSync(runDir, { recursive: true });
  });
  assert.equal(await ask(runDir, 0, 0, []), 'v0.1.0');
  assert.equal(await ask(runDir, UID, VIEWERS, []), 'v0.1.0');
  assert.equal(await ask(runDir, UID, GID, [GID, VIEWERS]), 'v0.1.0');
  assert.equal(await ask(runDir, UID, GID, [GID]), 'ERR_PRIVILEGE');
  // The file's mode is the first lock, not the only one.
  chmodSync(door.path, 0o666);
  assert.equal(await ask(runDir, UID, GID, [GID]), 'ERR_PRIVILEGE');
  assert.equal(await ask(runDir, UID, GID, [VIEWERS]), 'v0.1.0');
});
