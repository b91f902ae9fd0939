// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ExecEvent } from '../support/events.ts';
import type { Identity } from '../support/identity.ts';
import { runIdentity } from '../support/identity.ts';
import type { AgentOfTests } from '../support/lookup.ts';
import { execOfIdentity } from '../support/lookup.ts';
import { program } from '../support/programs.ts';

/** EVENT_ARGS_MAX of bpf/events.h */
const ARGS_MAX = 32 * 1024;

export function argumentTests(agent: AgentOfTests): void {
  const identity = program('identity');

  /** Executes identity with these bytes as argv, each argument ended by NUL. */
  async function execWith(block: Uint8Array): Promise<{ identity: Identity; exec: ExecEvent }> {
    const self = await runIdentity([program('exec-argv'), identity], { input: block });
    return { identity: self, exec: await execOfIdentity(agent(), self) };
  }

  test('spaces, newlines, quotes, control characters and empty strings', async () => {
    const argv = [
      'a b',
      '',
      ' ',
      'new\nline',
      '\t\u0001\u001b[31m\u007f',
      '"quoted" \\',
      'größe 🦅',
      '\u2028',
    ];
    const { exec } = await execWith(Buffer.from(argv.map((argument) => `${argument}\0`).join('')));
    assert.deepEqual(exec.merlon.argv, argv);
    assert.equal(exec.merlon.argv_bytes, undefined);
    assert.equal(exec.merlon.truncated, undefined);
  });

  test('bytes that are no UTF-8 are there as they are', async () => {
    const block = Buffer.from([0x66, 0xff, 0xfe, 0, 0xc3, 0, 0x80, 0x20, 0]);
    const { identity: self, exec } = await execWith(block);
    assert.deepEqual(self.cmdline, block);
    assert.deepEqual(Buffer.from(exec.merlon.argv_bytes ?? '', 'base64'), block);
    assert.deepEqual(exec.merlon.argv, ['f\ufffd\ufffd', '\ufffd', '\ufffd ']);
  });

  test('every byte', async () => {
    const block = Buffer.from(
      Array.from({ length: 512 }, (_, index) => (index % 2 === 0 ? index >> 1 || 1 : 0)),
    );
    const { exec } = await execWith(block);
    assert.deepEqual(Buffer.from(exec.merlon.argv_bytes ?? '', 'base64'), block);
    assert.equal(exec.merlon.argv?.length, 256);
  });

  test('an empty argv: what the kernel made of it', async () => {
    const { identity: self, exec } = await execWith(new Uint8Array());
    // Since 5.18 (and in stable kernels before) the kernel gives such a process one empty argument.
    assert.deepEqual(self.cmdline, Buffer.from([0]));
    assert.deepEqual(exec.merlon.argv, ['']);
    assert.equal(exec.process.arguments, undefined);
  });

  test('exactly the most bytes that an event carries', async () => {
    const argv = ['x'.repeat(ARGS_MAX - 3), 'y'];
    const { exec } = await execWith(Buffer.from(argv.map((argument) => `${argument}\0`).join('')));
    assert.deepEqual(exec.merlon.argv, argv);
    assert.equal(exec.merlon.truncated, undefined);
  });

  test('more than that is cut there, and the event says so', async () => {
    const block = Buffer.from(
      Array.from({ length: 40 }, (_, index) => `${index}-${'z'.repeat(2000)}\0`).join(''),
    );
    const { identity: self, exec } = await execWith(block);
    assert.deepEqual(self.cmdline, block);
    const kept = Buffer.from((exec.merlon.argv ?? []).map((argument) => `${argument}\0`).join(''));
    // The last one is cut and has no NUL of its own.
    assert.deepEqual(kept.subarray(0, -1), block.subarray(0, ARGS_MAX));
    assert.deepEqual(exec.merlon.truncated, ['process.arguments']);
    assert.match(exec.process.flags ?? '', /truncArgs/);
  });

  test('the environment', async () => {
    const env = { WITH_SPACE: 'a b', EMPTY: '', EQUALS: 'a=b=c', NEWLINE: 'a\nb' };
    const self = await runIdentity([identity], { env });
    const exec = await execOfIdentity(agent(), self);
    const variables = exec.process.environment_variables ?? [];
    assert.deepEqual(
      variables.map(({ Key, Value }) => `${Key}=${Value ?? ''}`),
      self.environ,
    );
    assert.equal(variables.find(({ Key }) => Key === 'EQUALS')?.Value, 'a=b=c');
  });
}
