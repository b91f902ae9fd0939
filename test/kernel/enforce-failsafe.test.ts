// SPDX-License-Identifier: Apache-2.0
// What goes wrong with a change leaves what is in force as it is, and the error says what went wrong where.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, statfsSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Guard } from './enforce/guard.ts';
import { policyDocument } from './enforce/policy-text.ts';
import { Agent, Places } from './support/agent.ts';
import { type CommandResult, merlon } from './support/command.ts';
import { listPolicies } from './support/door.ts';
import { policyFailures } from './support/hook-events.ts';
import { requires } from './support/requirements.ts';
import { endSubjects } from './support/subject.ts';
import { eventually } from './support/wait.ts';

/** As many values or selectors more as the issue asks for. */
const TOO_MANY = 10_000;
/** HOOK_WORDS_MAX * 64 */
const SELECTORS_MAX = 1024;
const DISK_BYTES = 256 << 10;

describe('an enforcing policy stays in force', { skip: requires('root', 'btf') }, () => {
  const places = new Places();
  const disk = join(places.directory, 'disk');
  let agent: Agent;
  let guard: Guard;

  const write = (name: string, text: string): string => {
    const path = join(places.directory, name);
    writeFileSync(path, text);
    return path;
  };
  const replace = (...paths: string[]): CommandResult =>
    merlon('policy', 'add', '--replace', ...paths, '--run-dir', places.runDir);
  const policies = async (): Promise<string[]> =>
    (await listPolicies(places)).map(({ name, state }) => `${name} ${state}`);
  /** A change that is refused: the message, and everything as before. */
  const assertRefused = async (message: RegExp, ...paths: string[]): Promise<void> => {
    const listed = await policies();
    const { status, stdout, stderr } = replace(...paths);
    assert.equal(status, 1);
    assert.match(stdout + stderr, message);
    assert.deepEqual(await policies(), listed);
    await guard.assertHolds();
  };

  before(async () => {
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES}`, 'merlon-test', disk]);
    guard = new Guard(places.directory);
    // One that cannot be read stands beside it from the start.
    const directory = join(places.directory, 'policies');
    mkdirSync(directory);
    symlinkSync('unreadable.yaml', join(directory, 'unreadable.yaml'));
    writeFileSync(join(directory, 'guard.yaml'), guard.policy());
    const flags = ['--policy', directory, '--export', join(disk, 'events.json')];
    agent = await Agent.start({ places, flags, wanted: () => false });
  });
  after(async () => {
    // Whatever has it open.
    execFileSync('umount', ['-l', disk]);
    await endSubjects();
    await agent.dispose();
  });

  test('beside a file that cannot be read at the start', async () => {
    assert.deepEqual(policyFailures(agent), []);
    const problems = agent.log().filter(({ msg }) => msg === 'A policy cannot be used');
    assert.equal(problems.length, 1);
    assert.match(String(problems[0]?.problem), /unreadable\.yaml[^]*ELOOP/);
    await guard.assertHolds();
  });

  test('when the file of a replacement cannot be read', async () => {
    const loop = join(places.directory, 'loop.yaml');
    symlinkSync('loop.yaml', loop);
    await assertRefused(/loop\.yaml[^]*ELOOP/, write('guard.yaml', guard.policy(['/nonexistent'])), loop);
    await assertRefused(
      /absent\.yaml: Cannot read the file: no such file/,
      join(places.directory, 'absent.yaml'),
    );
  });

  test('when a replacement says what cannot be', async () => {
    const wrong = guard.policy(['/nonexistent']).replace(/operator: Equal/, 'operator: Equals');
    await assertRefused(
      /wrong\.yaml:\d+:\d+: Cannot use "Equals"[^]*Nothing was changed/,
      write('wrong.yaml', wrong),
    );
  });

  test('when the verifier refuses a replacement', { skip: requires('trampolines', 'bpfLsm') }, async () => {
    // The kernel has a function bpf_lsm_verify_prog(), but no hook of this name; only the verifier knows.
    const refused = policyDocument('impossible', 'lsmhooks:\n- hook: verify_prog');
    const paths = [write('guard.yaml', guard.policy(['/nonexistent'])), write('refused.yaml', refused)];
    await assertRefused(
      /refused\.yaml:\d+:\d+: Cannot load policy "impossible"[^]*points to wrong type name bpf_lsm_verify_prog[^]*Nothing was changed/,
      ...paths,
    );
  });

  test('when a replacement has 10,000 selectors too many', async () => {
    const many =
      guard.policy() +
      '    - matchPIDs: [{operator: In, values: [0]}]\n'.repeat(SELECTORS_MAX + TOO_MANY - 1);
    await assertRefused(
      /many\.yaml:\d+:\d+: Cannot put a hook of policy "guard" into one program: [^]* 1024 selectors fit[^]*Nothing was changed/,
      write('many.yaml', many),
    );
  });

  test('and 10,000 values more are not too many', async () => {
    const values = Array.from({ length: TOO_MANY }, (_, n) => `/nonexistent/${n}`);
    const { status, stdout } = replace(write('values.yaml', guard.policy(values)));
    assert.deepEqual([status, stdout], [0, 'Replaced guard\n']);
    await guard.assertHolds();
  });

  test('when the disk of the export file is full', async () => {
    const { bavail, bsize } = statfsSync(disk);
    writeFileSync(join(disk, 'rest'), Buffer.alloc(bavail * bsize));
    await eventually('the agent to find the disk full', async () => {
      await guard.assertHolds();
      const { stdout } = merlon('status', '-o', 'json', '--run-dir', places.runDir);
      const { sinks } = JSON.parse(stdout) as { sinks: { name: string; error?: string }[] };
      return sinks.find(({ name, error }) => name === 'file' && /ENOSPC/.test(error ?? ''));
    });
    // A change needs no disk.
    const { status, stdout } = replace(write('guard.yaml', guard.policy(['/nonexistent/full'])));
    assert.deepEqual([status, stdout], [0, 'Replaced guard\n']);
    await guard.assertHolds();
  });
});
