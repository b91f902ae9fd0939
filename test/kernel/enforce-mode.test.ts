// SPDX-License-Identifier: Apache-2.0
// Whether a policy acts is switched while the agent runs: from the next hit on, and without loading anything.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { TracingPolicyMode } from '../../src/api/gen/tetragon/sensors_pb.js';
import { OpenStage } from './policy/stage.ts';
import { Agent } from './support/agent.ts';
import type { CommandResult } from './support/command.ts';
import { merlon } from './support/command.ts';
import { listPolicies } from './support/door.ts';
import { hookEventsOf } from './support/hook-events.ts';
import { requires } from './support/requirements.ts';
import { endSubjects, Subject } from './support/subject.ts';

describe('modes of policies', { skip: requires('root', 'btf') }, () => {
  let stage: OpenStage;
  /** kills what calls getpriority(2), of the stage's program alone */
  let file: string;

  before(async () => {
    stage = await OpenStage.open();
    file = join(stage.directory, 'killing.yaml');
    writeFileSync(
      file,
      `apiVersion: cilium.io/v1alpha1
kind: TracingPolicy
metadata: {name: killing}
spec:
  tracepoints:
  - subsystem: syscalls
    event: sys_enter_getpriority
    selectors:
    - matchBinaries: [{operator: In, values: ["${stage.call}"]}]
      matchActions: [{action: Sigkill}]
`,
    );
  });

  after(async () => {
    await endSubjects();
    await stage.close();
  });

  test('enforce, monitor, enforce: each from the next hit on, by the same programs', async (t) => {
    const agent = await Agent.start({ flags: ['--policy', file], wanted: () => false });
    t.after(() => agent.dispose());
    const hooks = async (): Promise<number[]> =>
      (await listPolicies(agent.places)).flatMap((each) => each.hooks.map(({ id }) => id));
    const before = await hooks();
    assert.deepEqual(await attempt(agent), ['SIGKILL', 'killed']);

    assert.equal(policy(agent, 'mode', 'killing', 'monitor').stdout, 'Monitoring by killing\n');
    assert.deepEqual(await attempt(agent), [0, 'monitored']);
    assert.equal((await listPolicies(agent.places))[0]?.mode, TracingPolicyMode.TP_MODE_MONITOR);

    assert.equal(policy(agent, 'mode', 'killing', 'enforce').stdout, 'Enforcing by killing\n');
    assert.deepEqual(await attempt(agent), ['SIGKILL', 'killed']);
    assert.deepEqual(await hooks(), before);
    const [killing] = await listPolicies(agent.places);
    const { rung, hits, acted } = killing?.hooks[0]?.selectors[0] ?? {};
    assert.deepEqual([rung, hits, acted], ['signal', 3n, 2n]);

    const unknown = policy(agent, 'mode', 'nobody', 'monitor');
    assert.equal(unknown.status, 1);
    assert.match(unknown.stderr, /^merlon: No policy "nobody" is loaded/);
  });

  test(
    'a mode that was set stays when the policy is disabled and enabled; one that replaces it has its own',
    { skip: requires('host') },
    async (t) => {
      const agent = await Agent.start({ flags: ['--policy', file], wanted: () => false });
      t.after(() => agent.dispose());
      assert.equal(policy(agent, 'mode', 'killing', 'monitor').status, 0);
      assert.equal(policy(agent, 'disable', 'killing').status, 0);
      assert.equal(await run(), 0);
      assert.equal(policy(agent, 'enable', 'killing').status, 0);
      assert.deepEqual(await attempt(agent), [0, 'monitored']);

      assert.equal(policy(agent, 'add', '--replace', file).status, 0);
      assert.deepEqual(await attempt(agent), ['SIGKILL', 'killed']);
      assert.equal(policy(agent, 'add', '--replace', '--mode', 'monitor', file).status, 0);
      assert.deepEqual(await attempt(agent), [0, 'monitored']);
    },
  );

  test('--monitor-only: no policy acts, and none can be told to', { skip: requires('host') }, async (t) => {
    const agent = await Agent.start({ flags: ['--policy', file, '--monitor-only'], wanted: () => false });
    t.after(() => agent.dispose());
    assert.deepEqual(await attempt(agent), [0, 'monitored']);
    const added = policy(agent, 'add', '--replace', '--mode', 'enforce', file);
    assert.match(added.stderr, /the agent runs with --monitor-only/);
    const refused = policy(agent, 'mode', 'killing', 'enforce');
    assert.equal(refused.status, 2);
    assert.match(refused.stderr, /the agent runs with --monitor-only/);
    assert.deepEqual(await attempt(agent), [0, 'monitored']);
  });

  function policy(agent: Agent, ...args: string[]): CommandResult {
    return merlon('policy', ...args, '--run-dir', agent.places.runDir);
  }

  /** How the program ends. */
  async function run(): Promise<number | NodeJS.Signals> {
    return await new Subject(stage.call, ['getpriority', '0', '0']).end();
  }

  /** How the program ends, and what its one event says of it. */
  async function attempt(agent: Agent): Promise<[number | NodeJS.Signals, unknown]> {
    const subject = new Subject(stage.call, ['getpriority', '0', '0']);
    const end = await subject.end();
    const events = await hookEventsOf(agent, 'killing', subject.pid);
    assert.equal(events.length, 1);
    return [end, (events[0]?.merlon as { verdict?: string }).verdict];
  }
});
