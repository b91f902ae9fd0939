// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { createReadStream, writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { AgentClient } from '../../../src/api/client.ts';
import { Agent as AgentService } from '../../../src/api/gen/merlon/agent_pb.js';
import type { Places } from '../support/agent.ts';
import { policyFailures, startWithPolicies } from '../support/hook-events.ts';
import { withDirectory } from '../support/lookup.ts';
import { program } from '../support/programs.ts';
import { Subject } from '../support/subject.ts';
import { policyDocument } from './policy-text.ts';

const LOOPS = 2;
const NICENESS = 10;

/** Denies every open of the file, whatever the version. Versions differ in values and number of selectors. */
function versionOf(version: number, guarded: string): string {
  const more = [guarded, ...Array.from({ length: version % 5 }, (_, n) => `/nonexistent/${version}/${n}`)];
  const selector = (values: readonly string[]): string => `  - matchArgs:
    - {index: 0, operator: Equal, values: ${JSON.stringify(values)}}
    matchActions: [{action: Override, argError: -1}]`;
  const selectors = [selector(more), ...(version % 2 === 0 ? [] : [selector([`/nonexistent/${version}`])])];
  return policyDocument(
    'guard',
    `kprobes:
- call: security_file_open
  syscall: false
  args: [{index: 0, type: file}]
  data: [{index: 0, type: uint64, source: current_task, resolve: timer_slack_ns}]
  selectors:
${selectors.join('\n')}`,
  );
}

interface LoopReport {
  readonly pid: number;
  readonly attempts: number;
  readonly read: number;
  readonly notRefused: number;
}

/**
 * Replaces a policy again and again while two loops attempt what every version denies: none succeeds, and each attempt has one
 * event or is part of a declared gap.
 */
export async function runReplacements(count: number): Promise<object> {
  return await withDirectory(async (directory) => {
    const guarded = join(directory, 'guarded');
    writeFileSync(guarded, 'secret');
    const rings = ['--lifecycle-ring', '64MiB'];
    const agent = await startWithPolicies([versionOf(0, guarded)], rings);
    try {
      assert.deepEqual(policyFailures(agent), []);
      const loops = Array.from({ length: LOOPS }, () => new Subject(program('open-until-end'), [guarded]));
      // They never pause; the others must still get on where there is one CPU.
      for (const { pid } of loops) setPriority(pid, NICENESS);
      await replace(agent.places, count, guarded);
      const reports: LoopReport[] = [];
      for (const loop of loops) {
        assert.equal(await loop.end(), 0);
        reports.push(await loop.report<LoopReport>());
      }
      await agent.stop();
      for (const report of reports) assert.deepEqual([report.read, report.notRefused], [0, 0]);
      const { lost } = agent.events;
      const events = await countEvents(agent.places, reports);
      const attempts = reports.reduce((sum, report) => sum + report.attempts, 0);
      assert.ok(attempts - events <= lost, `${events} events of ${attempts} attempts, ${lost} lost`);
      return { replacements: count, attempts, successes: 0, events, lost };
    } finally {
      await agent.dispose();
    }
  });
}

async function replace({ runDir }: Places, count: number, guarded: string): Promise<void> {
  const client = await AgentClient.connect(runDir);
  try {
    for (let version = 1; version <= count; version++) {
      const texts = [{ file: 'guard.yaml', text: versionOf(version, guarded) }];
      const { problems, policies } = await client.unary(AgentService.method.addPolicies, {
        ...{ texts, domain: '', replace: true },
      });
      assert.deepEqual([problems, policies.map(({ replaced }) => replaced)], [[], [true]]);
    }
  } finally {
    client.close();
  }
}

/** How many attempts have an event: each at most one, and all of them denied. */
async function countEvents({ exportFile }: Places, reports: readonly LoopReport[]): Promise<number> {
  const seen = new Map(reports.map(({ pid, attempts }) => [pid, new Uint8Array(attempts + 1)]));
  let events = 0;
  for await (const line of createInterface({ input: createReadStream(exportFile) })) {
    if (!line.startsWith('{"process_kprobe"')) continue;
    const [, pid] = /"pid":(\d+)/.exec(line) ?? [];
    const [, attempt = '0'] = /"data":\[\{"size_arg":"(\d+)"/.exec(line) ?? [];
    const attempts = seen.get(Number(pid));
    assert.ok(attempts !== undefined && Number(attempt) > 0 && Number(attempt) < attempts.length, line);
    assert.equal(attempts[Number(attempt)], 0, `two events of attempt ${attempt}: ${line}`);
    assert.ok(line.includes('"verdict":"denied"'), line);
    attempts[Number(attempt)] = 1;
    events++;
  }
  return events;
}
