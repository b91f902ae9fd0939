// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { heldObjects, objectKey } from './held-objects.ts';

test('maps, programs and the programs of links are found by what the kernel shows of descriptors', (context) => {
  const directory = mkdtempSync(join(tmpdir(), 'merlon-fdinfo-'));
  context.after(() => rmSync(directory, { recursive: true }));
  const head = 'pos:\t0\nflags:\t02000002\nmnt_id:\t15\nino:\t1060\n';
  writeFileSync(join(directory, '3'), `${head}map_type:\t2\nkey_size:\t4\nmap_id:\t41\nfrozen:\t0\n`);
  writeFileSync(join(directory, '4'), `${head}prog_type:\t29\nprog_tag:\t41ab\nprog_id:\t57\n`);
  writeFileSync(
    join(directory, '5'),
    `${head}link_type:\ttracing\nlink_id:\t9\nprog_tag:\t00\nprog_id:\t58\n`,
  );
  writeFileSync(join(directory, '6'), `${head}eventfd-count: 0\n`);
  assert.deepEqual(heldObjects(directory), [
    { kind: 'map', id: 41 },
    { kind: 'program', id: 57 },
    { kind: 'program', id: 58 },
  ]);
});

test('a key is the kind and the id', () => {
  assert.deepEqual([...objectKey({ kind: 'map', id: 0x0102 })], [1, 0, 0, 0, 2, 1, 0, 0]);
  assert.deepEqual([...objectKey({ kind: 'program', id: 7 })], [2, 0, 0, 0, 7, 0, 0, 0]);
});
