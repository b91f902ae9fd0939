// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ExecEvent } from '../support/events.ts';
import type { Identity } from '../support/identity.ts';
import { runIdentity } from '../support/identity.ts';
import type { AgentOfTests } from '../support/lookup.ts';
import { execOf, execOfIdentity, exitOf, withDirectory } from '../support/lookup.ts';
import { program } from '../support/programs.ts';
import { runProgram } from '../support/subject.ts';

/** The ":" after a command keeps the shell from executing it in its own place. */
const STAY = '; :';

/** shell → script → interpreter with a file → identity, all alive while the last one reads /proc. */
export async function runTree(directory: string): Promise<Identity> {
  const inner = join(directory, 'inner.sh');
  const script = join(directory, 'script');
  writeFileSync(inner, `${program('identity')}${STAY}\n`);
  writeFileSync(script, `#!/bin/sh\nbash ${inner}${STAY}\n`, { mode: 0o755 });
  return runIdentity(['/bin/sh', '-c', `${script}${STAY}`]);
}

/** The chain that /proc showed, in each event of the process that it belongs to. */
export function assertAncestry(event: ExecEvent, identity: Identity): void {
  const { ancestry, ancestry_incomplete: incomplete } = event.merlon;
  assert.deepEqual(
    ancestry.map(({ pid, binary }) => ({ pid, binary })),
    identity.chain,
  );
  assert.equal(incomplete, undefined);
  assert.equal(event.parent?.exec_id, ancestry[0]?.exec_id);
  assert.equal(event.process.parent_exec_id, ancestry[0]?.exec_id);
}

export function treeTests(agent: AgentOfTests): void {
  test('four deep: exactly the chain that /proc showed, at exec and at exit', async () => {
    await withDirectory(async (directory) => {
      const identity = await runTree(directory);
      const exec = await execOfIdentity(agent(), identity);
      assertAncestry(exec, identity);
      assertAncestry(await exitOf(agent(), exec), identity);

      // Each member of the tree has the rest of the chain, and names its script.
      const [interpreter, script, shell] = identity.chain;
      const members = [interpreter, script, shell].map((member, index) => ({ member, above: index + 1 }));
      for (const { member, above } of members) {
        assert.ok(member);
        const event = await execOf(agent(), member.pid, member.binary);
        assertAncestry(event, { ...identity, chain: identity.chain.slice(above) });
        assert.equal((await exitOf(agent(), event)).process.exec_id, event.process.exec_id);
      }
      const scriptExec = await execOf(agent(), script?.pid ?? 0);
      assert.equal(scriptExec.merlon.script, join(directory, 'script'));
      assert.deepEqual(scriptExec.merlon.argv, ['/bin/sh', join(directory, 'script')]);
    });
  });

  test('a script whose interpreter is a script', async () => {
    await withDirectory(async (directory) => {
      const [outer, inner] = [join(directory, 'outer'), join(directory, 'inner')];
      writeFileSync(inner, `#!/bin/sh\n${program('identity')}${STAY}\n`, { mode: 0o755 });
      writeFileSync(outer, `#!${inner} -x\n`, { mode: 0o755 });
      const identity = await runIdentity([outer, 'argument']);
      const exec = await execOf(agent(), identity.chain[0]?.pid ?? 0);
      assert.equal(exec.process.binary, realpathSync('/bin/sh'));
      assert.equal(exec.merlon.script, outer);
      assert.deepEqual(exec.merlon.argv, ['/bin/sh', inner, '-x', outer, 'argument']);
    });
  });

  test('ancestors that have ended stay as long as a descendant needs them', async () => {
    const { pids } = await runProgram<{ pids: number[] }>(program('fork-chain'), ['20', program('end')]);
    assert.equal(pids.length, 20);
    const last = await execOf(agent(), pids.at(-1) ?? 0, program('end'));
    const ancestors = last.merlon.ancestry.map(({ pid }) => pid).slice(0, 19);
    assert.deepEqual(ancestors, pids.slice(0, -1).reverse());
    assert.equal(last.merlon.ancestry_incomplete, undefined);
  });

  test('a chain deeper than the table keeps says so', async () => {
    const { pids } = await runProgram<{ pids: number[] }>(program('fork-chain'), ['600', program('end')]);
    const last = await execOf(agent(), pids.at(-1) ?? 0, program('end'));
    assert.ok(last.merlon.ancestry.length <= 256);
    assert.equal(last.merlon.ancestry[0]?.pid, pids.at(-2));
    assert.equal(last.merlon.ancestry.at(-1)?.pid, 1);
    assert.equal(last.merlon.ancestry_incomplete, 'cut');
  });
}
