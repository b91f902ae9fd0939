// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { BuildIds } from './build-ids.ts';

const ADDON = fileURLToPath(new URL('../../native/build/Release/merlon.node', import.meta.url));

test('the build id of a file that a process has mapped', () => {
  const { ino } = statSync(ADDON, { bigint: true });
  const ids = new BuildIds();
  const id = ids.find(process.pid, ADDON, ino);
  assert.equal(id.length, 20);
  assert.deepEqual(ids.find(process.pid, ADDON, ino), id);
  // The process has ended.
  assert.deepEqual(ids.find(2 ** 22 + 1, ADDON, ino), id);
});

test('none for another file of that path, for none, and for what is no ELF file', () => {
  const ids = new BuildIds();
  const own = fileURLToPath(import.meta.url);
  assert.equal(ids.find(process.pid, ADDON, 1n).length, 0);
  assert.equal(ids.find(process.pid, '/no/such/file', 1n).length, 0);
  assert.equal(ids.find(process.pid, own, statSync(own, { bigint: true }).ino).length, 0);
});
