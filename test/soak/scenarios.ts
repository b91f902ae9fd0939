// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { PROTECTIONS, runKillBeforeAccess } from '../kernel/enforce/kill-before-access.ts';
import { runReplacements, STOPPINGS } from '../kernel/enforce/replace-policy.ts';
import { RACED, runToctou } from '../kernel/enforce/toctou.ts';
import { assertAncestry, runTree } from '../kernel/process/tree.ts';
import { Agent, Places } from '../kernel/support/agent.ts';
import { runDifferential } from '../kernel/support/differential.ts';
import { runThreadExits, THREAD_ENDS } from '../kernel/support/exits.ts';
import { runArgvBombs, runForks, statusOf } from '../kernel/support/hostile.ts';
import { runCompleteStorm } from '../kernel/support/load.ts';
import { execOfIdentity, exitOf, withDirectory } from '../kernel/support/lookup.ts';
import { runLossy } from '../kernel/support/loss.ts';
import { requires } from '../kernel/support/requirements.ts';
import { runRestarts } from '../kernel/support/persist.ts';
import { runInterrupted } from '../kernel/support/restart.ts';

/** A test that runs in pieces of less than ten minutes, each on its own. */
export interface Scenario {
  readonly name: string;
  readonly about: string;
  readonly pieces: number;
  /** Throws when what was asked does not hold; returns figures for the summary. */
  run(piece: number): Promise<object>;
}

const RINGS = ['4KiB', '16KiB', '64KiB', '256KiB', '1MiB'];
const MEBIBYTE = 1 << 20;
const RACE_PIECES = 5;
const REPLACEMENT_PIECES = 20;
const RESTARTS = [
  { stops: 10 },
  { stops: 10 },
  { kills: 5 },
  { upgrades: ['objects', 'objects', 'objects'] },
] as const;

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'processes',
    about: '10,000 short-lived processes at full speed, ten times: each exec and each exit, 0 lost',
    pieces: 10,
    run: () =>
      withAgent(async (agent) => {
        const start = performance.now();
        await runCompleteStorm(agent, 10_000);
        return { processes: 10_000, lost: agent.events.lost, seconds: seconds(start) };
      }),
  },
  {
    name: 'loss',
    about: `20,000 processes with rings of ${RINGS.join(', ')}: received + gaps = what happened`,
    pieces: RINGS.length,
    run: async (piece) => {
      const ring = RINGS[piece] ?? '';
      return { ring, ...(await runLossy(ring, 10_000)) };
    },
  },
  {
    name: 'restart',
    about: 'kill -9 of the agent under load, 100 times: nothing twice, what is missing is told of',
    pieces: 10,
    run: () => runInterrupted({ kills: 10, count: 2_000 }),
  },
  {
    name: 'restart-enforce',
    about:
      '20 restarts, 5 kill -9 and 3 upgrades of an agent with --keep while denied operations are attempted: none succeeds, ' +
      'one verdict each',
    pieces: RESTARTS.length,
    run: (piece) => runRestarts(new Places(), { stops: 0, kills: 0, upgrades: [], ...RESTARTS[piece] }),
  },
  {
    name: 'forks',
    about: '100,000 forks: an exit each, memory bounded',
    pieces: 1,
    run: () => withAgent((agent) => repeat(agent, 20, () => runForks(agent, 5_000))),
  },
  {
    name: 'execs',
    about: '100,000 short-lived processes and one agent: 0 lost, memory bounded',
    pieces: 1,
    run: () => withAgent((agent) => repeat(agent, 20, () => runCompleteStorm(agent, 5_000))),
  },
  {
    name: 'arguments',
    about: '1,000 processes with 6 MB of arguments each: memory bounded',
    pieces: 1,
    run: () => withAgent((agent) => repeat(agent, 20, () => runArgvBombs(agent, 50))),
  },
  {
    name: 'threads',
    about: '10,000 processes of eight threads, in each of three ways to end: one exit each',
    pieces: THREAD_ENDS.length,
    run: (piece) => {
      const mode = THREAD_ENDS[piece] ?? 'together';
      return withAgent((agent) => repeat(agent, 20, () => runThreadExits(agent, mode, 500)));
    },
  },
  {
    name: 'tree',
    about: 'a process tree four deep, 100 times: the ancestors are the chain that /proc showed',
    pieces: 1,
    run: () =>
      withAgent((agent) =>
        repeat(agent, 100, () =>
          withDirectory(async (directory) => {
            const identity = await runTree(directory);
            const exec = await execOfIdentity(agent, identity);
            assertAncestry(exec, identity);
            assertAncestry(await exitOf(agent, exec), identity);
          }),
        ),
      ),
  },
  {
    name: 'differential',
    about: '6,000 random policies against 300 events each: what the kernel says is what the reference says',
    pieces: 10,
    run: (piece) => {
      const start = performance.now();
      const figures = runDifferential({ seed: piece + 1, sets: 10, policies: 60, events: 300 });
      return Promise.resolve({ ...figures, seconds: seconds(start) });
    },
  },
  {
    name: 'kill-before-access',
    about:
      '10,000 attempts by two readers of a protected file, for each way to protect it: no byte is received',
    pieces: PROTECTIONS.length,
    run: async (piece) => {
      const protection = PROTECTIONS[piece % PROTECTIONS.length];
      if (protection === undefined) throw new RangeError(`No piece ${piece}`);
      const skipped = requires(...protection.needs);
      return skipped === false
        ? await runKillBeforeAccess([protection], 10_000)
        : { protection: protection.name, skipped };
    },
  },
  {
    name: 'toctou',
    about: '100,000 races for the path of openat, and as many for the address of connect: nothing gets past',
    pieces: RACED.length * RACE_PIECES,
    run: async (piece) => {
      const skipped = requires('bpfLsm');
      const raced = RACED[Math.floor(piece / RACE_PIECES)] ?? 'path';
      return skipped === false ? await runToctou(raced, 100_000 / RACE_PIECES) : { raced, skipped };
    },
  },
  {
    name: 'replace-policy',
    about:
      '1,000 replacements of a policy while two loops attempt what it stops, by Override and by Sigkill: 0 successes, each event once',
    pieces: STOPPINGS.length * REPLACEMENT_PIECES,
    run: async (piece) => {
      const stopping = STOPPINGS[Math.floor(piece / REPLACEMENT_PIECES)];
      if (stopping === undefined) throw new RangeError(`No piece ${piece}`);
      const skipped = requires(...stopping.needs);
      return skipped === false
        ? await runReplacements(stopping, 1_000 / REPLACEMENT_PIECES)
        : { stopping: stopping.name, skipped };
    },
  },
];

async function withAgent(use: (agent: Agent) => Promise<object>): Promise<object> {
  const agent = await Agent.start();
  try {
    return await use(agent);
  } finally {
    await agent.dispose();
  }
}

/** One agent, many rounds: nothing is lost, and memory does not grow with the rounds. */
async function repeat(agent: Agent, rounds: number, round: () => Promise<void>): Promise<object> {
  const start = performance.now();
  let peakRss = 0;
  for (let done = 0; done < rounds; done++) {
    await round();
    agent.events.forget();
    peakRss = Math.max(peakRss, agent.residentBytes());
    process.stderr.write(
      `  round ${done + 1} of ${rounds}, ${Math.round(agent.residentBytes() / MEBIBYTE)} MiB of RSS\n`,
    );
  }
  const { process_table: table } = await statusOf(agent);
  assert.equal(agent.events.lost, 0);
  assert.ok(Number(table.bytes) < 4 * MEBIBYTE, `${table.bytes} bytes in the process table`);
  return { rounds, lost: 0, peakRssBytes: peakRss, tableBytes: Number(table.bytes), seconds: seconds(start) };
}

function seconds(start: number): number {
  return Math.round((performance.now() - start) / 100) / 10;
}
