// SPDX-License-Identifier: Apache-2.0
// Many processes, long arguments, deep chains: nothing is lost, and the agent stays up and within its bounds.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Agent } from './support/agent.ts';
import { runArgvBombs, runForks, statusOf } from './support/hostile.ts';
import { runCompleteStorm } from './support/load.ts';
import { execOf, fence } from './support/lookup.ts';
import { program } from './support/programs.ts';
import { requires } from './support/requirements.ts';
import { endSubjects, runProgram } from './support/subject.ts';

const IS_GUEST = process.env.GUEST_KERNEL !== undefined;
const MEBIBYTE = 1 << 20;

describe('load', { skip: requires('root', 'btf') }, () => {
  let agent: Agent;

  before(async () => {
    agent = await Agent.start();
  });

  after(async () => {
    await endSubjects();
    await agent.dispose();
  });

  test('short-lived processes: each exec and each exit, none lost', async () => {
    await runCompleteStorm(agent, IS_GUEST ? 1_000 : 10_000);
  });

  test('forks: each exit once', async () => {
    await runForks(agent, IS_GUEST ? 1_000 : 5_000);
  });

  test('the longest arguments', async () => {
    await runArgvBombs(agent, IS_GUEST ? 5 : 30);
  });

  test('a chain of processes that each end at once', async () => {
    const length = IS_GUEST ? 500 : 3_000;
    const { pids } = await runProgram<{ pids: number[] }>(program('fork-chain'), [
      String(length),
      program('end'),
    ]);
    assert.equal(pids.length, length);
    await fence(agent);
    await execOf(agent, pids.at(-1) ?? 0, program('end'));
    const exits = agent.events.exits.filter(({ process }) => process.binary === program('fork-chain'));
    assert.equal(exits.length, length);
  });

  test('memory is bounded, nothing was lost, and all is well', async () => {
    const { process_table: table, lanes, problems } = await statusOf(agent);
    assert.ok(Number(table.bytes) < 4 * MEBIBYTE, `${table.bytes} bytes in the process table`);
    assert.equal(lanes.find(({ name }) => name === 'lifecycle')?.lost ?? '0', '0');
    assert.ok(agent.residentBytes() < 250 * MEBIBYTE, `${agent.residentBytes()} bytes of RSS`);
    // The deep chain cannot be kept whole, and the agent says so.
    const others = (problems ?? []).filter((problem) => !problem.startsWith('Ended ancestors were given up'));
    assert.deepEqual(others, []);
    assert.equal(agent.events.lost, 0);
  });
});
