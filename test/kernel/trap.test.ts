// SPDX-License-Identifier: Apache-2.0
// A perf event sends SIGTRAP from within the kernel, where nothing that refuses signals sees it: the agent ignores it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { Agent } from './support/agent.ts';
import { program } from './support/programs.ts';
import { requires } from './support/requirements.ts';
import { runProgram } from './support/subject.ts';

test('traps by perf events do not end the agent', { skip: requires('root', 'btf', 'host') }, async () => {
  const other = spawn('sh', ['-c', 'while :; do :; done']);
  const agent = await Agent.start();
  try {
    const ended = once(other, 'close');
    assert.deepEqual(await runProgram(program('meddle'), ['trap', String(other.pid)]), { errno: 0 });
    assert.deepEqual(await ended, [null, 'SIGTRAP']);
    assert.deepEqual(await runProgram(program('meddle'), ['trap', String(agent.pid)]), { errno: 0 });
    assert.equal(await agent.stop(), 0);
  } finally {
    other.kill('SIGKILL');
    await agent.dispose();
  }
});
