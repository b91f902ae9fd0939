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

function merlon(args: string[], node: string[] = []) {
  const { stdout, stderr, status } = spawnSync(process.execPath, [...node, main, 'policy', ...args], {
    encoding: 'utf8',
  });
  return { stdout, stderr, code: status };
}

/** Against the tests' own kernel. */
function check(...args: string[]) {
  return merlon(['check', '--btf', kernel, ...args]);
}

function policy(
  name: string,
  spec = 'kprobes: [{call: fd_install, syscall: false, args: [{index: 1, type: file}]}]',
): string {
  return `apiVersion: cilium.io/v1alpha1\nkind: TracingPolicy\nmetadata:\n  name: ${name}\nspec:\n  ${spec}\n`;
}

function folder(t: TestContext, files: Record<string, string>): string {
  const path = mkdtempSync(join(tmpdir(), 'merlon-check-'));
  t.after(() => rmSync(path, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return path;
}

test('each policy without a problem has a line, each problem its place', (t) => {
  const path = folder(t, {
    'a.yaml': policy('a'),
    'b.yaml': policy('b', 'kprobes: [{call: fd_install, syscall: false, args: [{index: 1, type: fyle}]}]'),
  });
  assert.deepEqual(check(path), {
    stdout: `OK ${path}/a.yaml:1: TracingPolicy "a"
${path}/b.yaml:6:72: Cannot use "fyle" as spec.kprobes[0].args[0].type: no such name
   6 |   kprobes: [{call: fd_install, syscall: false, args: [{index: 1, type: fyle}]}]
     |                                                                        ^^^^
Did you mean "file"?
1 problem in 1 file, 1 policy without a problem
`,
    stderr: '',
    code: 1,
  });
  assert.deepEqual(check(`${path}/a.yaml`), {
    stdout: `OK ${path}/a.yaml:1: TracingPolicy "a"\n1 policy without a problem\n`,
    stderr: '',
    code: 0,
  });
});

test('the schema alone does not judge what it cannot say', (t) => {
  const path = folder(t, { 'a.yaml': policy('a', 'kprobes: [{call: f, args: [{index: 9, type: auto}]}]') });
  assert.equal(merlon(['check', '--crd-only', path]).code, 0);
  const { stdout, code } = check(path);
  assert.deepEqual([stdout.match(/^.*: Cannot/gm)?.length, code], [2, 1]);
});

test('-o json', (t) => {
  const path = folder(t, { 'a.yaml': policy('a'), 'b.yaml': policy('B') });
  const { stdout, code } = check('-o', 'json', path, `${path}/c.yaml`);
  const { problems, ...rest } = JSON.parse(stdout) as {
    problems: { code: string; file: string; line: number }[];
  };
  assert.deepEqual(
    [code, rest],
    [
      1,
      {
        ok: false,
        files: [
          {
            file: `${path}/a.yaml`,
            ok: true,
            policies: [{ kind: 'TracingPolicy', namespace: null, name: 'a', line: 1, ok: true }],
          },
          {
            file: `${path}/b.yaml`,
            ok: false,
            policies: [{ kind: 'TracingPolicy', namespace: null, name: 'B', line: 1, ok: false }],
          },
          { file: `${path}/c.yaml`, ok: false, policies: [] },
        ],
        unchecked: [],
      },
    ],
  );
  assert.deepEqual(
    problems.map(({ code, file, line }) => [code, file, line]),
    [
      ['metadata', `${path}/b.yaml`, 4],
      ['file', `${path}/c.yaml`, 0],
    ],
  );
});

test('paths without a policy', (t) => {
  const path = folder(t, {});
  assert.deepEqual(check(path), { stdout: 'No policy was found\n', stderr: '', code: 1 });
  const missing = check(`${path}/x`);
  assert.deepEqual(
    [missing.code, missing.stdout.split('\n')[0]],
    [1, `${path}/x: Cannot read the file: no such file or directory`],
  );
  assert.deepEqual([merlon([]).code, merlon(['check']).code], [2, 2]);
  assert.match(merlon(['chekc', path]).stderr, /Unknown command "chekc"\nDid you mean "check"\?/);
  assert.match(
    merlon(['check', '--crd', path]).stderr,
    /Unknown setting "--crd"\nDid you mean "--crd-only"\?/,
  );
});

test('what the kernel says stands with its place, and what is not known below', (t) => {
  const path = folder(t, {
    'a.yaml': policy('a', 'kprobes: [{call: fd_instal, syscall: false}]'),
    'b.yaml': policy('b', 'uprobes: [{path: /bin/sh, symbols: [main]}]'),
  });
  assert.deepEqual(check(path), {
    stdout: `${path}/a.yaml:6:20: Cannot hook "fd_instal": the kernel has no function of that name
   6 |   kprobes: [{call: fd_instal, syscall: false}]
     |                    ^^^^^^^^^
Did you mean "fd_install"?
OK ${path}/b.yaml:1: TracingPolicy "b"
1 problem in 1 file, 1 policy without a problem
Not checked: hooks in "/bin/sh": it is a file in user space
`,
    stderr: '',
    code: 1,
  });
  const { stdout } = check('-o', 'json', path);
  const { problems, unchecked } = JSON.parse(stdout) as { problems: unknown; unchecked: unknown };
  assert.deepEqual(problems, [
    {
      ...{ code: 'kernel', file: `${path}/a.yaml`, line: 6, column: 20 },
      message: 'Cannot hook "fd_instal": the kernel has no function of that name',
      remedy: 'Did you mean "fd_install"?',
    },
  ]);
  assert.deepEqual(unchecked, ['hooks in "/bin/sh": it is a file in user space']);
  const wrong = merlon(['check', '--btf', `${path}/a.yaml`, path]);
  assert.deepEqual([wrong.code, wrong.stdout], [1, '']);
  assert.equal(merlon(['check', '--btf', kernel, '--crd-only', path]).code, 2);
});

test('it loads no gRPC, and with --crd-only no addon either', (t) => {
  const path = folder(t, { 'a.yaml': policy('a') });
  const hook = `import { registerHooks } from 'node:module';
    registerHooks({ load: (url, context, next) => (console.log(url), next(url, context)) });`;
  const loads = (...args: string[]): string =>
    merlon(['check', ...args, path], ['--import', `data:text/javascript,${encodeURIComponent(hook)}`]).stdout;
  assert.match(loads(), /src\/kernel\/addon/);
  assert.doesNotMatch(loads(), /grpc|pino/);
  assert.doesNotMatch(loads('--crd-only'), /grpc|src\/kernel\/addon|native|pino/);
});
