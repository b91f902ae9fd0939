// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Agent } from './agent.ts';
import type { ExecEvent, ExitEvent } from './events.ts';
import type { Identity } from './identity.ts';
import { program } from './programs.ts';
import { eventually } from './wait.ts';

/** The agent of a file's tests, which is there once they run. */
export type AgentOfTests = () => Agent;

/** A fence that has not come back after this was lost in a small ring, or is slow: another one goes out. */
const ANOTHER_FENCE_MS = 10_000;

/** Returns when everything that happened before the call has reached the export file: the ring keeps the order. */
export async function fence(agent: Agent): Promise<void> {
  const pids = new Set<number>();
  let lastAt = -Infinity;
  await eventually('a fence', async () => {
    if (Date.now() - lastAt > ANOTHER_FENCE_MS) {
      const child = spawn(program('end'), ['0', 'fence']);
      await once(child, 'exit');
      pids.add(child.pid ?? 0);
      lastAt = Date.now();
    }
    agent.events.look();
    const isFence = ({ process }: ExitEvent): boolean =>
      pids.has(process.pid) && process.arguments === '0 fence';
    return agent.events.exits.some(isFence) ? true : undefined;
  });
}

/** The one exec event of this binary with this pid. */
export async function execOf(agent: Agent, pid: number, binary?: string): Promise<ExecEvent> {
  const fits = ({ process }: ExecEvent): boolean =>
    process.pid === pid && (binary === undefined || process.binary === binary);
  const found = await agent.events.waitForExecs(`pid ${pid} ${binary ?? ''}`, fits);
  return one(found);
}

/** The exec event of an identity: pid and binary as it saw them itself. */
export async function execOfIdentity(agent: Agent, identity: Identity): Promise<ExecEvent> {
  return execOf(agent, identity.pid, identity.exe);
}

/** The one exit event of the process image that an exec event told of. */
export async function exitOf(agent: Agent, exec: ExecEvent): Promise<ExitEvent> {
  const { exec_id: execId } = exec.process;
  return one(
    await agent.events.waitForExits(`exec_id ${execId}`, ({ process }) => process.exec_id === execId),
  );
}

function one<T>(found: T[]): T {
  assert.equal(found.length, 1, JSON.stringify(found, undefined, 1).slice(0, 2_000));
  return found[0] as T;
}

/** Calls `use` with a directory that is gone afterwards. */
export async function withDirectory<T>(use: (directory: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'merlon-test-'));
  try {
    return await use(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
