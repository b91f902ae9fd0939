// SPDX-License-Identifier: Apache-2.0
// What the events of enforcing rules say of each rule of a hit, and which way they go.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { policyDocument } from './enforce/policy-text.ts';
import { OpenStage } from './policy/stage.ts';
import { EventReader } from './support/door.ts';
import { hookEvents, policyFailures, startWithPolicies } from './support/hook-events.ts';
import { laneTotals } from './support/lanes.ts';
import { requires } from './support/requirements.ts';
import { eventually } from './support/wait.ts';

/** ENFORCER_NOTES_MAX, bpf/lib/enforcer.h */
const NOTES = 4;

const SKIP = requires('root', 'btf', 'host');
// A suite that is skipped would not be counted.
if (SKIP !== false) test('events of enforcing rules', { skip: SKIP }, () => undefined);
else
  describe('events of enforcing rules', () => {
    let stage: OpenStage;

    before(async () => {
      stage = await OpenStage.open();
    });

    after(() => stage.close());

    test(
      'a note without room has failed, and no other of the hit; an error that no call can return is not done',
      { skip: requires('withoutOverrideReturn') },
      async () => {
        const policies = Array.from({ length: NOTES + 1 }, (_, index) =>
          policyDocument(
            `note-${index}`,
            `enforcers: [{calls: [sys_fcntl]}]
kprobes:
- call: sys_flock
  syscall: true
  selectors:
  - matchBinaries: [{operator: In, values: ["${stage.call}"]}]
    matchActions: [{action: NotifyEnforcer, argError: -1}]`,
            { 'accept-weaker': 'true' },
          ),
        );
        const agent = await startWithPolicies(policies);
        try {
          assert.deepEqual(policyFailures(agent), []);
          const { results } = await stage.run('flock 0 1 ; fcntl 0 1');
          await agent.stop();
          assert.equal(results[1], 0);
          const said = hookEvents(agent).map(({ merlon }) => {
            const { verdict, rung } = merlon as { verdict: string; rung: string };
            return `${verdict} ${rung}`;
          });
          assert.deepEqual(said.sort(), [
            'failed enforcer',
            ...Array.from({ length: NOTES }, () => 'monitored none'),
            ...Array.from({ length: NOTES }, () => 'noted enforcer'),
          ]);
        } finally {
          await agent.dispose();
        }
      },
    );

    test('those with more of a buffer than a value holds take the lane of the others', async () => {
      const agent = await startWithPolicies([
        policyDocument(
          'wide',
          `kprobes:
- call: sys_write
  syscall: true
  args: [{index: 0, type: int}, {index: 1, type: char_buf, sizeArgIndex: 3, maxData: true}]
  selectors:
  - matchBinaries: [{operator: In, values: ["${stage.call}"]}]
    matchArgs: [{index: 0, operator: Equal, values: ["-1"]}]
    matchActions: [{action: Signal, argSig: 17}]`,
        ),
      ]);
      try {
        assert.deepEqual(policyFailures(agent), []);
        const reader = await EventReader.open(agent.places);
        await stage.run('write -1 size:9000 9000');
        const told = await eventually('the client to get the event', () =>
          reader.events.find((event) => 'process_kprobe' in event || 'process_tracepoint' in event),
        );
        reader.close();
        await agent.stop();
        const [event, ...others] = hookEvents(agent);
        assert.ok(event !== undefined);
        assert.deepEqual(others, []);
        assert.deepEqual(event.args?.[1], { bytes_arg: Buffer.alloc(9000).toString('base64') });
        assert.equal(laneTotals(agent, 'telemetry').received, 0);
        // A gRPC client gets it too, with the verdict.
        assert.deepEqual(told.merlon, event.merlon);
        assert.equal((event.merlon as { verdict?: string }).verdict, 'signaled');
      } finally {
        await agent.dispose();
      }
    });
  });
