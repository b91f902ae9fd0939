// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));
const kernel = fileURLToPath(new URL('../../test/fixtures/btf/kernel.btf', import.meta.url));

/** Plans a spec for the tests' own kernel. */
function plan(t: TestContext, spec: string, ...args: string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'merlon-plan-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const text = `apiVersion: cilium.io/v1alpha1\nkind: TracingPolicy\nmetadata:\n  name: a\nspec:\n  ${spec}\n`;
  writeFileSync(join(folder, 'a.yaml'), text);
  const { stdout, status } = spawnSync(
    process.execPath,
    [main, 'policy', 'plan', '--btf', kernel, ...args, folder],
    { encoding: 'utf8' },
  );
  return { stdout: stdout.replaceAll(`${folder}/`, ''), status };
}

const SPEC =
  'kprobes: [{call: file_open, syscall: false, args: [{index: 0, type: path}], selectors: ' +
  '[{matchArgs: [{index: 0, operator: Prefix, values: [/etc/, /usr/]}]}]}]';

test('programs, reasons and tables', (t) => {
  assert.deepEqual(plan(t, SPEC), {
    stdout: `PROGRAM           POLICIES  RULES  VALUES  DIMENSIONS   TABLES  PER HIT
fentry:file_open         1      1       1           1  0.5 KiB   350 ns

fentry:file_open: the kernel has trampolines, the cheapest way
  prefixes of value 0 (path): lpm_trie, 2 entries

Not compared with what is loaded: it is planned for another kernel

Ways to attach were not tried: each is taken to be there
`,
    status: 0,
  });
});

test('-o json', (t) => {
  const { stdout, status } = plan(t, SPEC, '-o', 'json');
  const { policies, programs, ...rest } = JSON.parse(stdout) as {
    policies: { digest: string }[];
    programs: { digest: string }[];
  };
  const withoutDigest = ({ digest, ...others }: { digest: string }): object => {
    assert.match(digest, /^[0-9a-f]{64}$/);
    return others;
  };
  assert.deepEqual(
    [status, policies.map(withoutDigest), programs.map(withoutDigest), rest],
    [
      0,
      [{ namespace: null, name: 'a', ok: true }],
      [
        {
          ...{ attached_to: 'fentry:file_open', part: 0, mechanism: 'fentry' },
          reason: 'the kernel has trampolines, the cheapest way',
          ...{ policies: 1, rules: 1, values: 1, table_bytes: 488, ns_per_hit: 350 },
          dimensions: [{ of: 'prefixes of value 0 (path)', table: 'lpm_trie', entries: 2 }],
        },
      ],
      {
        ...{ ok: true, problems: [], changes: null, not_compared: 'it is planned for another kernel' },
        notes: ['Ways to attach were not tried: each is taken to be there'],
      },
    ],
  );
});

test('a policy that cannot be loaded has its place, and the exit status says so', (t) => {
  const { stdout, status } = plan(t, 'kprobes: [{call: file_opne, syscall: false}]');
  assert.equal(status, 1);
  assert.match(stdout, /^a\.yaml:6:20: Cannot hook "file_opne".*Did you mean "file_open"\?/s);
});
