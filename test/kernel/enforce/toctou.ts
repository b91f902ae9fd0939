// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type HookEvent, hookEvents, policyFailures, startWithPolicies } from '../support/hook-events.ts';
import { withDirectory } from '../support/lookup.ts';
import { program } from '../support/programs.ts';
import { runProgram } from '../support/subject.ts';
import { policyDocument, verdictOf } from './policy-text.ts';

/** What a program changes while the kernel takes it over. */
export const RACED = ['path', 'address'] as const;
export type Raced = (typeof RACED)[number];

/** The number that the program gives each race: events can stand out of order. */
const RACE_NUMBER = '{index: 0, type: uint64, source: current_task, resolve: timer_slack_ns}';

const RING = '64MiB';

/** One race of so many must find each of the two: else nothing was changed in between. */
const RARER = 50;

/** Two hooks that look at the kernel's copy: of the forbidden object a denial, of the other an event. */
function policyOf(raced: Raced, program: string, allowed: string, forbidden: string): string {
  const hook = raced === 'path' ? 'security_file_open' : 'security_socket_connect';
  const [argument, operator] =
    raced === 'path' ? ['{index: 0, type: file}', 'Equal'] : ['{index: 1, type: sockaddr}', 'SAddr'];
  const index = raced === 'path' ? 0 : 1;
  const selector = (value: string, action: string): string =>
    `  - matchBinaries: [{operator: In, values: ["${program}"]}]
    matchArgs: [{index: ${index}, operator: ${operator}, values: ["${value}"]}]
    matchActions: [{action: ${action}}]`;
  return policyDocument(
    'race',
    `kprobes:
- call: ${hook}
  syscall: false
  args: [${argument}]
  data: [${RACE_NUMBER}]
  selectors:
${selector(forbidden, 'Override, argError: -1')}
${selector(allowed, 'Post')}`,
  );
}

/**
 * A thread changes a path during openat, or an address during connect: the forbidden one is never used, and what is reported is
 * what was used, race by race.
 */
export async function runToctou(raced: Raced, races: number): Promise<object> {
  return await withDirectory(async (directory) => {
    const binary = join(directory, 'flip');
    copyFileSync(program('flip'), binary);
    const [allowed, forbidden] =
      raced === 'path' ? [join(directory, 'a'), join(directory, 'b')] : ['127.0.0.1', '127.0.0.77'];
    if (raced === 'path') for (const path of [allowed, forbidden]) writeFileSync(path, '');
    const rings = ['--lifecycle-ring', RING, '--telemetry-ring', RING];
    const agent = await startWithPolicies([policyOf(raced, binary, allowed, forbidden)], rings);
    try {
      assert.deepEqual(policyFailures(agent), []);
      const { results } = await runProgram<{ results: string }>(binary, [
        ...[raced, allowed, forbidden, String(races)],
      ]);
      await agent.stop();
      assert.equal(agent.events.lost, 0);
      assert.equal(results.length, races);
      assert.match(results, /^[ad]+$/);
      const reported: string[] = [];
      const events = hookEvents(agent);
      for (const event of events) reported[raceOf(event) - 1] = letterOf(event, allowed, forbidden);
      assert.equal(reported.join(''), results);
      assert.equal(events.length, races);
      const denied = results.replaceAll('a', '').length;
      const rarer = Math.min(denied, races - denied);
      assert.ok(
        rarer >= races / RARER,
        `the ${raced} was nearly always the same: ${denied} of ${races} denied`,
      );
      return { raced, races, denied, allowed: races - denied };
    } finally {
      await agent.dispose();
    }
  });
}

function raceOf({ data = [] }: HookEvent): number {
  return Number((data[0] as { size_arg?: string } | undefined)?.size_arg);
}

function letterOf(event: HookEvent, allowed: string, forbidden: string): string {
  const [argument] = event.args ?? [];
  const { path } = (argument?.file_arg ?? {}) as { path?: string };
  const { addr } = (argument?.sockaddr_arg ?? {}) as { addr?: string };
  const used = path ?? addr;
  if (used === forbidden) return verdictOf(event) === 'denied' ? 'd' : 'f';
  return used === allowed && verdictOf(event) === undefined ? 'a' : '?';
}
