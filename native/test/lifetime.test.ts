// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { compile } from './compile.ts';

const here = (name: string): string => new URL(name, import.meta.url).pathname;

/** Everything that 100 rounds may keep: fragmentation, not an object (a leaked one would keep 50 KiB or more each). */
const RSS_GROWTH_BYTES = 2 << 20;

test('loading and unloading 100 times keeps no file descriptor and no memory', async (t) => {
  for (const name of ['spine', 'flood', 'refused', 'shapes']) compile(name);
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', here('leak.ts')]);
  const grown = JSON.parse(stdout) as { fds: number; rssBytes: number };
  t.diagnostic(stdout.trim());
  assert.equal(grown.fds, 0);
  // AddressSanitizer keeps freed memory in quarantine on purpose.
  if (!process.env['ASAN_OPTIONS'])
    assert.ok(grown.rssBytes < RSS_GROWTH_BYTES, `grown by ${grown.rssBytes} bytes`);
});

/** The stages that stages.ts knows, read from its table. */
const table = readFileSync(here('stages.ts'), 'utf8').match(/const STAGES[^]*?\n};/)?.[0] ?? '';
const stages = [...table.matchAll(/^  '?([a-z-]+)'?: /gm)].map((match) => match[1] ?? '');

test('there are stages', () => assert.ok(stages.length >= 16));

for (const stage of stages) {
  test(`a process that ends in the stage "${stage}"`, async () => {
    const child = spawn(process.execPath, [here('stages.ts'), stage], {
      stdio: ['ignore', 'inherit', 'pipe'],
    });
    let stderr = '';
    child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
    const [status, signal] = await new Promise<[number | null, string | null]>((resolve) =>
      child.on('close', (...end) => resolve(end)),
    );
    assert.deepEqual({ status, signal, stderr }, { status: 0, signal: null, stderr: '' });
  });
}
