// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { checkFiles, loadPolicyFiles } from './index.ts';
import type { PolicyProblem } from './problem.ts';

function folder(t: TestContext, files: Record<string, string | Buffer>): string {
  const path = mkdtempSync(join(tmpdir(), 'merlon-policies-'));
  t.after(() => rmSync(path, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    if (name.includes('/')) mkdirSync(join(path, name, '..'), { recursive: true });
    writeFileSync(join(path, name), text);
  }
  return path;
}

function policy(name: string, namespace?: string): string {
  const kind = namespace === undefined ? 'TracingPolicy' : 'TracingPolicyNamespaced';
  return JSON.stringify({ apiVersion: 'cilium.io/v1alpha1', kind, metadata: { name, namespace }, spec: {} });
}

function load(...paths: string[]): { names: string[]; problems: PolicyProblem[] } {
  const problems: PolicyProblem[] = [];
  const policies = loadPolicyFiles(paths, (problem) => problems.push(problem));
  return { names: policies.map(({ name }) => name), problems };
}

test('the policies of a directory in the order of its files, of those that are named and not hidden', (t) => {
  const path = folder(t, {
    'b.yml': policy('b'),
    'a.yaml': `${policy('a1')}\n---\n${policy('a2')}`,
    'c.json': policy('c'),
    'd.txt': 'no policy',
    '.hidden.yaml': 'no policy',
    'within/e.yaml': policy('e'),
    'folder.yaml/f.yaml': policy('f'),
  });
  symlinkSync('b.yml', join(path, 'z.yaml'));
  const { names, problems } = load(path);
  assert.deepEqual(names, ['a1', 'a2', 'b', 'c']);
  assert.deepEqual(
    problems.map(({ code, at }) => [code, at.file]),
    [['duplicate', join(path, 'z.yaml')]],
  );
  assert.match(problems[0]?.message ?? '', /it is also in .*b\.yml, line 1$/);
  assert.deepEqual(load(join(path, 'd.txt')).problems.length, 1);
  assert.deepEqual(load(join(path, 'within'), join(path, 'b.yml')).names, ['e', 'b']);
});

test('a name is taken once per kind and namespace; the CRD alone does not know of other files', (t) => {
  const path = folder(t, {
    'a.yaml': policy('x'),
    'b.yaml': policy('x', 'n'),
    'c.yaml': policy('x', 'm'),
    'd.yaml': policy('x', 'n'),
  });
  const { names, problems } = load(path);
  assert.deepEqual([names, problems.map(({ code }) => code)], [['x', 'x', 'x'], ['duplicate']]);
  const files = checkFiles([path], () => assert.fail(), { crdOnly: true });
  assert.deepEqual(
    files.map(({ sound }) => sound),
    [true, true, true, true],
  );
});

test('what cannot be read is a problem of its path, and the rest is loaded', (t) => {
  const path = folder(t, {
    'a.yaml': policy('a'),
    'empty.yaml': '',
    'latin.yaml': Buffer.from([0x61, 0x3a, 0x20, 0xe9]),
    'large.yaml': Buffer.alloc((16 << 20) + 1, 0x20),
  });
  symlinkSync('nowhere', join(path, 'broken.yaml'));
  const { names, problems } = load(path, join(path, 'missing'), '');
  assert.deepEqual(names, ['a']);
  assert.deepEqual(
    problems.map(({ code, at }) => [code, at.file.replace(`${path}/`, ''), at.line]),
    [
      ['file', 'broken.yaml', 0],
      ['kind', 'empty.yaml', 0],
      ['file', 'large.yaml', 0],
      ['file', 'latin.yaml', 0],
      ['file', 'missing', 0],
      ['file', '', 0],
    ],
  );
  assert.deepEqual(load(folder(t, {})), { names: [], problems: [] });
});
