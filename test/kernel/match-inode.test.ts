// SPDX-License-Identifier: Apache-2.0
// merlon.dev/match-inode: a rule that names a file by path also knows it by its inode, on every kernel.
import assert from 'node:assert/strict';
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, test } from 'node:test';
import { policyDocument } from './enforce/policy-text.ts';
import { merlon } from './support/command.ts';
import { type HookEvent, hookEvents, policyFailures, startWithPolicies } from './support/hook-events.ts';
import { withDirectory } from './support/lookup.ts';
import { requires } from './support/requirements.ts';

const INODE = { 'match-inode': 'true' };

/** Sees this process's fsync of a file. */
function document(name: string, operator: string, values: readonly string[], annotations = {}): string {
  const spec = `kprobes:
- call: sys_fsync
  syscall: true
  args: [{index: 0, type: fd}]
  selectors:
  - matchPIDs: [{operator: In, values: [${process.pid}]}]
    matchArgs: [{index: 0, operator: ${operator}, values: ${JSON.stringify(values)}}]`;
  return policyDocument(name, spec, annotations);
}

function touch(path: string): void {
  const fd = openSync(path, 'r');
  fsyncSync(fd);
  closeSync(fd);
}

function paths(events: readonly HookEvent[]): string[] {
  return events.map(({ args = [] }) => (args[0]?.file_arg as { path: string }).path);
}

describe('merlon.dev/match-inode', { skip: requires('root', 'btf') }, () => {
  test('a file is known by its path and by its inode', () =>
    withDirectory(async (directory) => {
      const path = (name: string): string => join(directory, name);
      const [guarded, link, moved, other] = ['guarded', 'link', 'moved', 'other'].map(path) as [
        ...[string, string, string, string],
      ];
      for (const file of [guarded, other]) writeFileSync(file, '');
      linkSync(guarded, link);
      const agent = await startWithPolicies([
        document('path', 'Equal', [guarded]),
        document('inode', 'Equal', [guarded, path('absent')], INODE),
        document('others', 'NotEqual', [guarded], INODE),
      ]);
      try {
        assert.deepEqual(policyFailures(agent), []);
        for (const file of [guarded, link, other]) touch(file);
        // What takes its place is met by its path, what was there by its inode.
        renameSync(guarded, moved);
        writeFileSync(guarded, '');
        for (const file of [guarded, moved]) touch(file);
        // A change of the set looks at the files anew.
        linkSync(guarded, path('link-2'));
        touch(path('link-2'));
        writeFileSync(path('more.yaml'), document('more', 'Equal', ['/nonexistent']));
        const added = merlon('policy', 'add', path('more.yaml'), '--run-dir', agent.places.runDir);
        assert.equal(added.status, 0, added.stdout);
        for (const file of [path('link-2'), moved]) touch(file);
        await agent.stop();
        assert.equal(agent.events.lost, 0);
        const seen = Object.groupBy(hookEvents(agent), (event) => event.policy_name);
        const names = (policy: string): string[] =>
          paths(seen[policy] ?? []).map((path) => path.slice(directory.length + 1));
        assert.deepEqual(names('path'), ['guarded', 'guarded']);
        assert.deepEqual(names('inode'), ['guarded', 'link', 'guarded', 'moved', 'link-2']);
        assert.deepEqual(names('others'), ['other', 'link-2', 'moved']);
      } finally {
        await agent.dispose();
      }
    }));

  test('a path that is too long to be told is decided by the inode, also where such paths do not match', () =>
    withDirectory(async (directory) => {
      const home = process.cwd();
      const guarded = join(directory, 'guarded');
      writeFileSync(guarded, '');
      const annotations = { ...INODE, 'on-unreadable': 'no-match' };
      const agent = await startWithPolicies([document('deep', 'Equal', [guarded], annotations)]);
      try {
        assert.deepEqual(policyFailures(agent), []);
        process.chdir(directory);
        for (let level = 0; level < 18; level++) {
          mkdirSync('d'.repeat(250));
          process.chdir('d'.repeat(250));
        }
        linkSync(guarded, 'link');
        writeFileSync('other', '');
        for (const name of ['link', 'other']) touch(name);
        process.chdir(home);
        await agent.stop();
        assert.deepEqual(
          paths(hookEvents(agent)).map((path) => basename(path)),
          ['link'],
        );
      } finally {
        process.chdir(home);
        await agent.dispose();
      }
    }));
});
