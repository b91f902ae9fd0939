// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { isIncomplete, makePinDirectory, pinKind, setAside, takeApart } from './pin-group.ts';

test('directories of agents are known by their names, also while they are made, replaced or taken apart', () => {
  assert.equal(pinKind('process-v3-0123'), 'process');
  assert.equal(pinKind('incomplete-policies-v1-4-2-9'), 'policies');
  assert.equal(pinKind('incomplete-4k2-replaced-8zz-policies-v1-4-2-9'), 'policies');
  assert.equal(pinKind('incomplete-4k2-protect-v1-0123'), 'protect');
  assert.equal(pinKind('foreign-process-v3'), undefined);
  assert.equal(pinKind('processes'), undefined);
});

test('a directory that is set aside is still of its kind, and nothing to adopt', (context) => {
  const aside = basename(setAside(makeDirectory(context, 'protect-v1-0123')));
  assert.equal(pinKind(aside), 'protect');
  assert.ok(isIncomplete(aside));
});

test('taking apart removes everything, also what was set aside already', (context) => {
  for (const name of ['process-v3-0123', 'incomplete-4k2-process-v3-0123']) {
    const directory = makeDirectory(context, name);
    mkdirSync(join(directory, 'group'));
    for (const path of ['map', 'link_first', 'group/link_second', 'group/map'])
      writeFileSync(join(directory, path), '');
    takeApart(directory);
    assert.deepEqual(readdirSync(join(directory, '..')), []);
  }
});

test('what an earlier making has left is no hindrance', (context) => {
  const directory = makeDirectory(context, 'incomplete-protect-v1-0123');
  const made = join(directory, '../protect-v1-0123');
  makePinDirectory(made, (building) => writeFileSync(join(building, 'map'), ''));
  assert.deepEqual(readdirSync(made), ['map']);
  assert.ok(!existsSync(directory));
});

function makeDirectory(context: TestContext, name: string): string {
  const parent = mkdtempSync(join(tmpdir(), 'merlon-pins-'));
  context.after(() => rmSync(parent, { recursive: true }));
  const directory = join(parent, name);
  mkdirSync(directory);
  return directory;
}
