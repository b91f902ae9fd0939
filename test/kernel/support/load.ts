// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import type { Agent } from './agent.ts';
import { isOursOrUnknown } from './agent.ts';
import type { ExecEvent, ExitEvent } from './events.ts';
import { fence } from './lookup.ts';
import { program } from './programs.ts';
import { runProgram } from './subject.ts';

const PREFIX = `storm-${process.pid}-`;
let storms = 0;

/** Short-lived processes: what their events came to. */
export interface StormEvents {
  readonly execs: ExecEvent[];
  /** exits that belong to one of the execs */
  readonly exits: ExitEvent[];
}

/** Runs `count` short-lived processes as fast as the machine can; returns a token that tells their events. */
export async function execStorm(count: number): Promise<string> {
  const token = `${PREFIX}${storms++}`;
  await runProgram(program('exec-storm'), [String(count), program('end'), token]);
  return token;
}

/** Lines that tell of a storm, also where ancestors or the exec were lost. */
export function isOfStorm(line: string): boolean {
  return line.includes(PREFIX) || isOursOrUnknown(line);
}

/** The events of a storm that have arrived. */
export function eventsOfStorm(agent: Agent, token: string): StormEvents {
  const execs = agent.events.execs.filter(({ merlon }) => merlon.argv?.[2] === token);
  const started = new Set(execs.map(({ process }) => process.exec_id));
  return { execs, exits: agent.events.exits.filter(({ process }) => started.has(process.exec_id)) };
}

/** Of the execs and exits that `count` processes had, how many did not arrive; exits whose exec was lost not counted. */
export function missingOfStorm({ execs, exits }: StormEvents, count: number): number {
  return count - execs.length + (execs.length - exits.length);
}

/** No exec twice, no exit twice. */
export function assertNoDuplicates({ execs, exits }: StormEvents): void {
  const started = new Set(execs.map(({ process }) => process.exec_id));
  const ended = new Set(exits.map(({ process }) => process.exec_id));
  assert.equal(started.size, execs.length);
  assert.equal(ended.size, exits.length);
}

/** `count` processes, each with one exec and one exit, none lost. Throws when that is not so. */
export async function runCompleteStorm(agent: Agent, count: number): Promise<void> {
  const token = await execStorm(count);
  await fence(agent);
  const events = eventsOfStorm(agent, token);
  assert.equal(agent.events.lost, 0, JSON.stringify(agent.events.gaps));
  assert.equal(events.execs.length, count);
  assert.equal(events.exits.length, count);
  assertNoDuplicates(events);
  const indices = new Set(events.execs.map(({ merlon }) => merlon.argv?.[3]));
  assert.equal(indices.size, count);
}
