// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { constants } from 'node:os';
import type { Agent } from './agent.ts';
import type { ExitEvent } from './events.ts';
import { fence } from './lookup.ts';
import { program } from './programs.ts';
import { runProgram } from './subject.ts';

/** A process that a test program has waited for. */
export interface Ended {
  readonly pid: number;
  /** as wait(2) gives it */
  readonly status: number;
}

/** How test/programs/exit-threads.c lets a process of several threads end. */
export const THREAD_ENDS = ['leader-first', 'together', 'group'] as const;

/** The end that an event tells, in wait(2)'s form. */
export function waitStatus({ signal, status, merlon }: ExitEvent): number {
  const numbers = constants.signals as Record<string, number>;
  const number = signal === undefined ? 0 : (numbers[signal] ?? -1);
  return ((status ?? 0) << 8) | number | (merlon.core_dumped === true ? 0x80 : 0);
}

/** The exits of processes with this binary, by pid; exactly one of each. */
export async function exitsOf(agent: Agent, ended: Ended[], binary: string): Promise<Map<number, ExitEvent>> {
  await fence(agent);
  const pids = new Set(ended.map(({ pid }) => pid));
  const found = agent.events.exits.filter(
    ({ process }) => pids.has(process.pid) && process.binary === binary,
  );
  const byPid = new Map(found.map((event) => [event.process.pid, event]));
  assert.equal(found.length, byPid.size, 'more than one exit of a process');
  assert.equal(byPid.size, ended.length);
  return byPid;
}

/** `runs` processes of eight threads: one exit each, with the status that wait(2) gave. */
export async function runThreadExits(
  agent: Agent,
  mode: (typeof THREAD_ENDS)[number],
  runs: number,
): Promise<void> {
  const path = program('exit-threads');
  const { children } = await runProgram<{ children: Ended[] }>(path, [mode, String(runs)]);
  assert.equal(children.length, runs);
  const exits = await exitsOf(agent, children, path);
  for (const { pid, status } of children) {
    const exit = exits.get(pid);
    assert.ok(exit);
    assert.equal(waitStatus(exit), status);
  }
}
