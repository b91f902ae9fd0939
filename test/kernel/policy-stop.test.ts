// SPDX-License-Identifier: Apache-2.0
// A clean stop while hooks fire: every record that a hook has numbered is received or told of as lost.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { EventLane } from '../../src/events/gen/layouts.ts';
import { Agent, Places } from './support/agent.ts';
import { KernelLanes, laneTotals } from './support/lanes.ts';
import { hookExports } from './support/policy-run.ts';
import { program } from './support/programs.ts';
import { requires } from './support/requirements.ts';
import { endSubjects, Subject } from './support/subject.ts';
import { eventually } from './support/wait.ts';

const POLICY = `
apiVersion: cilium.io/v1alpha1
kind: TracingPolicy
metadata:
  name: busy
spec:
  kprobes:
  - call: sys_faccessat
    syscall: true
    args:
    - {index: 1, type: string}
    selectors:
    - matchArgs:
      - {index: 1, operator: Equal, values: ["/merlon-stop"]}
`;

describe('a clean stop under load', { skip: requires('root', 'btf') }, () => {
  after(endSubjects);

  // A ring that overflows, and one that holds what comes.
  for (const [ring, pauseUs] of [
    ['4KiB', '50'],
    ['16MiB', '100'],
  ] as const)
    test(`with a ring of ${ring}: received + gaps = what the hook numbered`, async (context) => {
      const places = new Places();
      const path = join(places.directory, 'policy.yaml');
      writeFileSync(path, POLICY);
      const flags = ['--policy', path, '--telemetry-ring', ring];
      const agent = await Agent.start({ places, flags, wanted: () => false });
      const load = new Subject(program('call-until-end'), [pauseUs, '/merlon-stop']);
      try {
        const lanes = new KernelLanes(places, EventLane.LANE_TELEMETRY);
        await eventually('the hook to fire', () => lanes.sum('seq') > 500 || undefined);
        assert.equal(await agent.stop(), 0);
        const numbered = lanes.sum('seq');
        const { received, lost } = laneTotals(agent, 'telemetry');
        assert.equal(received + lost, numbered);
        assert.equal(agent.events.lost, lost);
        assert.equal(hookExports(places).length, received);
        // It went on after the agent had gone, and nothing counted it.
        const { calls } = await endOf(load);
        assert.ok(calls > numbered, `${calls} calls, ${numbered} records`);
        assert.equal(lanes.sum('seq'), numbered);
        lanes.close();
        context.diagnostic(`${numbered} records, ${received} received, ${lost} lost, ${calls} calls`);
      } finally {
        await load.end();
        await agent.dispose();
      }
    });
});

async function endOf(load: Subject): Promise<{ calls: number }> {
  await load.end();
  return load.report<{ calls: number }>();
}
