// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { readFileIdentity, readMounts } from './file-identity.ts';

const directory = mkdtempSync(join(tmpdir(), 'merlon-identity-'));
const [file, other] = [join(directory, 'file'), join(directory, 'other')];
const EXT4 = 0xef53;
const BTRFS = 0x9123683e;

before(() => {
  for (const path of [file, other]) writeFileSync(path, '');
  symlinkSync('file', join(directory, 'link'));
});
after(() => {
  rmSync(directory, { recursive: true });
});

test('the file that a path leads to, and none', () => {
  const read = (path: string): unknown => readFileIdentity(path, readMounts(), () => EXT4);
  assert.ok(read(file) !== undefined);
  assert.deepEqual(read(join(directory, 'link')), read(file));
  assert.notDeepEqual(read(other), read(file));
  for (const absent of [join(directory, 'absent'), join(file, 'below')])
    assert.equal(read(absent), undefined);
});

test('a file on btrfs is refused', () => {
  assert.throws(() => readFileIdentity(file, readMounts(), () => BTRFS), /btrfs/);
});
