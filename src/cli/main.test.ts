// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openDoor } from '../api/door.ts';
import { FakeView, exec } from '../api/testing.ts';
import { silentLogger } from '../base/log.ts';
import { settingsTable, variableName } from '../base/settings-table.ts';
import { version } from '../base/version.ts';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));

function start(args: string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  return spawn(process.execPath, [main, ...args], { env: { PATH: process.env.PATH, ...env } });
}

async function merlon(args: string[], env?: NodeJS.ProcessEnv) {
  const child = start(args, env);
  const [stdout, stderr, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve) => child.once('close', resolve)),
  ]);
  return { stdout, stderr, code };
}

async function text(stream: NodeJS.ReadableStream | null): Promise<string> {
  let all = '';
  for await (const chunk of stream ?? []) all += String(chunk);
  return all;
}

async function agent(t: TestContext): Promise<{ view: FakeView; runDir: string }> {
  const runDir = mkdtempSync(join(tmpdir(), 'merlon-cli-'));
  const view = new FakeView();
  const door = await openDoor({
    view,
    settings: { runDir, viewerGroup: undefined, nodeName: 'n', clusterName: undefined },
    log: silentLogger(),
    peerCredentials: () => ({ pid: process.pid, uid: 0, gid: 0 }),
  });
  t.after(async () => {
    await door.close();
    rmSync(runDir, { recursive: true });
  });
  return { view, runDir };
}

test('the help of run has every setting with its variable', async () => {
  const { stdout, stderr, code } = await merlon(['run', '--help']);
  assert.deepEqual([code, stderr], [0, '']);
  for (const name of Object.keys(settingsTable)) {
    assert(stdout.includes(`--${name} `), name);
    assert(stdout.includes(`variable: ${variableName(name)}\n`), name);
  }
});

test('the help loads neither gRPC nor protobuf nor the addon', async () => {
  const hook = `import { registerHooks } from 'node:module';
    registerHooks({ load: (url, context, next) => (console.log(url), next(url, context)) });`;
  const child = spawn(process.execPath, [
    '--import',
    `data:text/javascript,${encodeURIComponent(hook)}`,
    main,
    '--help',
  ]);
  const stdout = await text(child.stdout);
  assert.match(stdout, /commander/);
  assert.doesNotMatch(stdout, /grpc|protobuf|addon|js-yaml/);
});

test('what is unknown is a usage error with the nearest name', async () => {
  const refused = async (args: string[], env?: NodeJS.ProcessEnv) => {
    const { stdout, stderr, code } = await merlon(args, env);
    assert.deepEqual([stdout, code], ['', 2]);
    return stderr;
  };
  assert.equal(await refused(['ruin']), 'merlon: Unknown command "ruin"\nDid you mean "run"?\n');
  assert.equal(
    await refused(['run', '--exprot=x']),
    'merlon: Unknown setting "--exprot"\nDid you mean "--export"?\n',
  );
  assert.match(
    await refused(['ps'], { MERLON_RUNDIR: '/x' }),
    /MERLON_RUNDIR.*\nDid you mean "MERLON_RUN_DIR"\?/,
  );
  assert.match(
    await refused(['run', '--for', 'ever']),
    /--for: Cannot use "ever" as for: expected a duration/,
  );
  assert.match(await refused(['run', 'events']), /merlon: Too many arguments/);
  const nothing = await merlon([]);
  assert.equal(nothing.code, 2);
  assert.match(nothing.stderr, /^Usage: merlon/);
});

test('version tells its own, also as JSON', async () => {
  assert((await merlon(['version'])).stdout.startsWith(`merlon ${version} (`));
  const { stdout } = await merlon(['version', '-o', 'json']);
  assert.equal((JSON.parse(stdout) as { version: string }).version, version);
});

test('without an agent the commands that need one say so', async () => {
  for (const command of ['ps', 'status', 'events']) {
    const { stdout, stderr, code } = await merlon([command, '--run-dir', '/nonexistent']);
    assert.deepEqual([stdout, code], ['', 1]);
    assert.match(stderr, /^merlon: Cannot reach an agent at .*\nStart one with "merlon run"/);
  }
});

test('ps shows every process once, as columns, as a tree and as JSON, safe for a terminal', async (t) => {
  const { view, runDir } = await agent(t);
  const process = (pid: number, parent: number, binary: string, more = {}) => ({
    exec_id: `id${pid}`,
    parent_exec_id: `id${parent}`,
    pid,
    uid: 0,
    binary,
    start_time: '2026-01-02T03:04:05.000000006Z',
    ...more,
  });
  const list = [
    process(0, 0, '<kernel>'),
    process(1, 0, '/sbin/init'),
    process(30, 1, '/bin/b', { arguments: 'x \u001b[31m\n\u202e' }),
    process(20, 1, '/bin/a'),
    process(40, 20, '/bin/c'),
    process(50, 999, '/bin/orphan'),
    process(60, 61, '/bin/loop'),
    process(61, 60, '/bin/loop'),
  ];
  view.processes = () => list;
  const tree = await merlon(['ps', '--tree', '--run-dir', runDir]);
  assert.deepEqual(tree, {
    stdout: `0 <kernel>
└─ 1 /sbin/init
   ├─ 20 /bin/a
   │  └─ 40 /bin/c
   └─ 30 /bin/b x \\x1b[31m\\n\\u202e
50 /bin/orphan
60 /bin/loop
└─ 61 /bin/loop
`,
    stderr: '',
    code: 0,
  });
  const columns = (await merlon(['ps'], { MERLON_RUN_DIR: runDir, TZ: 'UTC' })).stdout.split('\n');
  assert.equal(columns.length, list.length + 2);
  assert.equal(columns[4], ' 20       1    0  2026-01-02 03:04:05  /bin/a');
  const json = (await merlon(['ps', '-o', 'json', '--run-dir', runDir])).stdout.trim().split('\n');
  assert.deepEqual(
    json.map((line) => JSON.parse(line) as unknown),
    list,
  );
});

test('status shows the counters without rounding', async (t) => {
  const { runDir } = await agent(t);
  assert.match(
    (await merlon(['status', '--run-dir', runDir])).stdout,
    /^lifecycle +0\.0 MiB +9223372036854775808 +1$/m,
  );
  const { stdout } = await merlon(['status', '-o', 'json', '--run-dir', runDir]);
  const { lanes } = JSON.parse(stdout) as { lanes: unknown };
  assert.deepEqual(lanes, [{ name: 'lifecycle', received: '9223372036854775808', lost: '1' }]);
});

test('events prints the export form, and ends quietly when its reader does', async (t) => {
  const { view, runDir } = await agent(t);
  const child = start(['events', '-o', 'json', '--run-dir', runDir]);
  const closed = new Promise((resolve) => child.once('close', (code) => resolve(code)));
  await view.readers(1);
  view.emit(exec(7));
  const first = await new Promise<Buffer>((resolve) => child.stdout?.once('data', resolve));
  assert.deepEqual(JSON.parse(String(first)), exec(7));
  child.stdout?.destroy();
  const stderr = text(child.stderr);
  const timer = setInterval(() => view.emit(exec(8)), 5);
  assert.equal(await closed, 0);
  clearInterval(timer);
  assert.equal(await stderr, '');
});
