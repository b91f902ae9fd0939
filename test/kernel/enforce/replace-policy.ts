// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { copyFileSync, createReadStream, writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { AgentClient } from '../../../src/api/client.ts';
import { Agent as AgentService } from '../../../src/api/gen/merlon/agent_pb.js';
import type { Places } from '../support/agent.ts';
import { policyFailures, startWithPolicies } from '../support/hook-events.ts';
import { withDirectory } from '../support/lookup.ts';
import { program } from '../support/programs.ts';
import type { Requirement } from '../support/requirements.ts';
import { Subject } from '../support/subject.ts';
import { policyDocument } from './policy-text.ts';

/** How every version of the policy stops the operation. */
export interface Stopping {
  readonly name: string;
  readonly needs: readonly Requirement[];
  readonly hook: string;
  readonly argument: { readonly index: number; readonly type: string };
  readonly action: string;
  readonly verdict: string;
  /** of test/programs/attempt-until-end.c */
  readonly flags: readonly string[];
}

export const STOPPINGS: readonly Stopping[] = [
  {
    name: 'Override at security_file_open',
    needs: ['bpfLsm'],
    hook: 'security_file_open\n  syscall: false',
    argument: { index: 0, type: 'file' },
    action: '{action: Override, argError: -1}',
    ...{ verdict: 'denied', flags: [] },
  },
  {
    name: 'Sigkill at the system call openat',
    needs: ['unskippedHits'],
    hook: 'sys_openat\n  syscall: true',
    argument: { index: 1, type: 'string' },
    action: '{action: Sigkill}',
    ...{ verdict: 'killed', flags: ['killed'] },
  },
];

const LOOPS = 2;
const NICENESS = 10;
const IS_EMULATED = process.env.GUEST_KERNEL !== undefined;
/** What an emulated agent cannot take is lost and told of; it must not spend minutes on what waits in a large ring. */
const RING = IS_EMULATED ? '1MiB' : '64MiB';

interface Stage {
  readonly binary: string;
  /** a file for each loop, which its events name */
  readonly guarded: readonly string[];
}

/** Stops every open of the files, whatever the version. Versions differ in values and number of selectors. */
function versionOf(
  version: number,
  { hook, argument, action }: Stopping,
  { binary, guarded }: Stage,
): string {
  const { index, type } = argument;
  const more = Array.from({ length: version % 5 }, (_, n) => `/nonexistent/${version}/${n}`);
  const selector = (
    values: readonly string[],
  ): string => `  - matchBinaries: [{operator: In, values: ["${binary}"]}]
    matchArgs: [{index: ${index}, operator: Equal, values: ${JSON.stringify(values)}}]
    matchActions: [${action}]`;
  const selectors = [
    selector([...guarded, ...more]),
    ...(version % 2 === 0 ? [] : [selector([`/nonexistent/${version}`])]),
  ];
  return policyDocument(
    'guard',
    `kprobes:
- call: ${hook}
  args: [{index: ${index}, type: ${type}}]
  data: [{index: 0, type: uint64, source: current_task, resolve: timer_slack_ns}]
  selectors:
${selectors.join('\n')}`,
  );
}

interface LoopReport {
  readonly attempts: number;
  readonly read: number;
  readonly notStopped: number;
}

/**
 * Replaces a policy again and again while two loops attempt what every version stops: none succeeds, and each attempt has one
 * event or is part of a declared gap.
 */
export async function runReplacements(stopping: Stopping, count: number): Promise<object> {
  return await withDirectory(async (directory) => {
    const stage = {
      binary: join(directory, 'attempt'),
      guarded: Array.from({ length: LOOPS }, (_, loop) => join(directory, `guarded-${loop}`)),
    };
    copyFileSync(program('open-until-end'), stage.binary);
    for (const path of stage.guarded) writeFileSync(path, 'secret');
    const version = (number: number): string => versionOf(number, stopping, stage);
    const agent = await startWithPolicies([version(0)], ['--lifecycle-ring', RING]);
    try {
      assert.deepEqual(policyFailures(agent), []);
      const loops = stage.guarded.map((path) => new Subject(stage.binary, [path, ...stopping.flags]));
      // They never pause; the others must still get on where there is one CPU.
      for (const { pid } of loops) setPriority(pid, NICENESS);
      await replace(agent.places, count, version);
      const reports: LoopReport[] = [];
      for (const loop of loops) {
        assert.equal(await loop.end(), 0);
        reports.push(await loop.report<LoopReport>());
      }
      await agent.stop();
      for (const { read, notStopped } of reports) assert.deepEqual([read, notStopped], [0, 0]);
      // Those of rules that act take this lane; beside them it has processes that begin and end.
      const gaps = agent.events.gaps.filter(({ lane }) => lane === 'lifecycle');
      const lost = gaps.reduce((sum, gap) => sum + gap.lost, 0);
      const events = await countEvents(agent.places, stopping, stage, reports);
      const attempts = reports.reduce((sum, report) => sum + report.attempts, 0);
      assert.ok(attempts - events <= lost, `${events} events of ${attempts} attempts, ${lost} lost`);
      if (!IS_EMULATED) assert.equal(lost, 0);
      return { stopping: stopping.name, replacements: count, attempts, successes: 0, events, lost };
    } finally {
      await agent.dispose();
    }
  });
}

async function replace(
  { runDir }: Places,
  count: number,
  version: (number: number) => string,
): Promise<void> {
  const client = await AgentClient.connect(runDir);
  try {
    for (let number = 1; number <= count; number++) {
      const texts = [{ file: 'guard.yaml', text: version(number) }];
      const { problems, policies } = await client.unary(AgentService.method.addPolicies, {
        ...{ texts, domain: '', replace: true },
      });
      assert.deepEqual([problems, policies.map(({ replaced }) => replaced)], [[], [true]]);
    }
  } finally {
    client.close();
  }
}

/** How many attempts have an event: each at most one, and all of them with the verdict. */
async function countEvents(
  { exportFile }: Places,
  { verdict }: Stopping,
  { guarded }: Stage,
  reports: readonly LoopReport[],
): Promise<number> {
  const seen = reports.map(({ attempts }) => new Uint8Array(attempts + 1));
  let events = 0;
  for await (const line of createInterface({ input: createReadStream(exportFile) })) {
    if (!line.startsWith('{"process_kprobe"')) continue;
    const [, attempt = '0'] = /"data":\[\{"size_arg":"(\d+)"/.exec(line) ?? [];
    const attempts = seen[guarded.findIndex((path) => line.includes(`"${path}"`))];
    assert.ok(attempts !== undefined && Number(attempt) > 0 && Number(attempt) < attempts.length, line);
    assert.equal(attempts[Number(attempt)], 0, `two events of attempt ${attempt}: ${line}`);
    assert.ok(line.includes(`"verdict":"${verdict}"`), line);
    attempts[Number(attempt)] = 1;
    events++;
  }
  return events;
}
