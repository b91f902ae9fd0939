// SPDX-License-Identifier: Apache-2.0
// What a selector has hit and what a hook costs, as `merlon policy list` tells it.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Policy } from '../../src/api/gen/merlon/agent_pb.js';
import { Agent } from './support/agent.ts';
import { merlon } from './support/command.ts';
import { listPolicies } from './support/door.ts';
import { program } from './support/programs.ts';
import { requires } from './support/requirements.ts';
import { endSubjects, runProgram, Subject } from './support/subject.ts';

interface MeasuredHook {
  readonly runs?: string;
  readonly run_time_ns?: string;
}

function document(name: string, selectors: string): string {
  return `apiVersion: cilium.io/v1alpha1
kind: TracingPolicy
metadata:
  name: ${name}
spec:
  kprobes:
  - call: sys_faccessat
    syscall: true
    args:
    - {index: 1, type: string}
    selectors:
${selectors}`;
}

const selector = (path: string, rest = ''): string =>
  `    - matchArgs:\n      - {index: 1, operator: Equal, values: ["${path}"]}\n${rest}`;
const actions = (action: string): string => `      matchActions:\n      - ${action}\n`;

const COUNTED = document(
  'counted',
  selector('/merlon-hits/limited', actions('{action: Post, rateLimit: 1h, rateLimitScope: global}')) +
    selector('/merlon-hits/silent', actions('{action: NoPost}')) +
    selector('/merlon-hits/sent'),
);
const OTHER = document('other', selector('/merlon-hits/sent'));

describe('the list of policies', { skip: requires('root', 'btf') }, () => {
  let agent: Agent;
  before(async () => {
    agent = await Agent.start({ flags: ['--policy-dir', '/nonexistent'], wanted: () => false });
    add(COUNTED);
  });
  after(async () => {
    await endSubjects();
    await agent.dispose();
  });

  function add(text: string, ...flags: string[]): void {
    const path = join(agent.places.directory, 'policy.yaml');
    writeFileSync(path, text);
    const { status, stdout } = merlon('policy', 'add', path, ...flags, '--run-dir', agent.places.runDir);
    assert.equal(status, 0, stdout);
  }
  function measuredHooks(name: string): MeasuredHook[] {
    const { runDir } = agent.places;
    const { stdout } = merlon('policy', 'list', '-o', 'json', '--measure', '500ms', '--run-dir', runDir);
    const { policies } = JSON.parse(stdout) as { policies: { name: string; hooks: MeasuredHook[] }[] };
    return policies.find((policy) => policy.name === name)?.hooks ?? [];
  }
  const listed = async (name: string): Promise<Policy['hooks']> =>
    (await listPolicies(agent.places)).find((policy) => policy.name === name)?.hooks ?? [];
  const hits = async (name: string): Promise<string[]> =>
    (await listed(name)).flatMap(({ selectors }) =>
      selectors.map(({ action, hits: count, suppressed }) => `${action} ${count} ${suppressed}`),
    );
  const access = (times: number, path: string): Promise<unknown> =>
    runProgram(program('repeat-access'), ['1', '1', String(times), '0', path]);

  test('each selector counts what it decided, also what sent nothing', async () => {
    await access(5, '/merlon-hits/limited');
    await access(3, '/merlon-hits/silent');
    await access(2, '/merlon-hits/sent');
    await access(7, '/merlon-hits/none');
    assert.deepEqual(await hits('counted'), ['POST 5 4', 'NOPOST 3 0', 'POST 2 0']);
  });

  test('a change of another policy on the hook resets nothing; a replaced policy begins anew', async () => {
    add(OTHER);
    await access(2, '/merlon-hits/sent');
    assert.deepEqual(await hits('counted'), ['POST 5 4', 'NOPOST 3 0', 'POST 4 0']);
    assert.deepEqual(await hits('other'), ['POST 2 0']);
    add(document('other', selector('/merlon-hits/sent') + selector('/merlon-hits/more')), '--replace');
    assert.deepEqual(await hits('counted'), ['POST 5 4', 'NOPOST 3 0', 'POST 4 0']);
    assert.deepEqual(await hits('other'), ['POST 0 0', 'POST 0 0']);
    assert.deepEqual(
      (await listed('other')).map(({ policies }) => policies),
      [2],
    );
  });

  test('--measure has the kernel count runs and their time', async () => {
    const load = new Subject(program('call-until-end'), ['100', '/merlon-hits/none']);
    const [hook] = measuredHooks('counted');
    await load.end();
    assert.ok(Number(hook?.runs) > 10, hook?.runs);
    const ns = Number(hook?.run_time_ns) / Number(hook?.runs);
    assert.ok(ns > 1 && ns < 1e6, `${ns} ns`);
    const refused = merlon('policy', 'list', '--measure', 'long', '--run-dir', agent.places.runDir);
    assert.equal(refused.status, 2);
    const { stdout } = merlon('policy', 'list', '--run-dir', agent.places.runDir);
    assert.match(stdout, /^counted +enabled +monitor_only +grpc +\d+\.\d KiB$/m);
    assert.match(stdout, /^ +1 +NOPOST +- +3 +- +0$/m);
  });
});
