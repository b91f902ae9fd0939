// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import type { Agent } from './agent.ts';
import { merlon } from './command.ts';
import { fence } from './lookup.ts';
import { program } from './programs.ts';
import { runProgram } from './subject.ts';

/** EVENT_ARGS_MAX of bpf/events.h */
const ARGS_MAX = 32 * 1024;

/** What the tests read of merlon.GetStatusResponse; zeros and empty lists are absent there. */
export interface Status {
  pid: number;
  process_table: { processes: string; bytes: string; budget_bytes: string };
  lanes: { name: string; received?: string; lost?: string }[];
  subscribers?: { pid: number }[];
  problems?: string[];
}

export async function statusOf(agent: Agent): Promise<Status> {
  await fence(agent);
  const { status, stdout, stderr } = merlon('status', '-o', 'json', '--run-dir', agent.places.runDir);
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout) as Status;
}

/** `count` processes that end at once: an exit each. Returns how many exits came. */
export async function runForks(agent: Agent, count: number): Promise<void> {
  const { workers } = await runProgram<{ workers: number[] }>(program('fork-storm'), [String(count)]);
  await fence(agent);
  const ofWorkers = agent.events.exits.filter(
    ({ process, parent }) =>
      process.binary === program('fork-storm') && parent !== undefined && workers.includes(parent.pid),
  );
  assert.equal(ofWorkers.length, count);
  assert.equal(new Set(ofWorkers.map(({ process }) => process.exec_id)).size, count);
}

/** Processes with megabytes of arguments: an event each, cut where it is documented, and marked. */
export async function runArgvBombs(agent: Agent, count: number): Promise<void> {
  const token = `bomb-${process.pid}-${count}`;
  await runProgram(program('argv-bomb'), [String(count), program('end'), token]);
  await fence(agent);
  const execs = agent.events.execs.filter(({ merlon: { argv } }) => argv?.[2] === token);
  assert.equal(execs.length, count);
  for (const { merlon: part } of execs) {
    assert.deepEqual(part.truncated, ['process.arguments']);
    const bytes = (part.argv ?? []).reduce((sum, argument) => sum + argument.length + 1, 0);
    // The last one was cut before its NUL.
    assert.equal(bytes, ARGS_MAX + 1);
  }
}
