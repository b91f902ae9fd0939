// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { Agent, Places } from './agent.ts';
import { KernelLanes, laneTotals } from './lanes.ts';
import { assertNoDuplicates, eventsOfStorm, execStorm, isOfStorm, missingOfStorm } from './load.ts';
import { fence } from './lookup.ts';

/**
 * Kills the agent (SIGKILL) in the middle of a storm of `count` processes and starts it again, `kills` times. Asserts that
 * nothing is told twice and that whatever is missing is within the gap records.
 */
export async function runInterrupted({ kills, count }: { kills: number; count: number }): Promise<object> {
  const places = new Places();
  let agent = await Agent.start({ places, wanted: isOfStorm });
  try {
    const lanes = new KernelLanes(places);
    const tokens: string[] = [];
    let delivered = 0;
    for (let kill = 0; kill < kills; kill++) {
      const storm = execStorm(count);
      await agent.events.waitForExecs(
        'the storm',
        ({ process }) => process.arguments?.includes(' storm-') === true,
        50,
      );
      await agent.kill();
      agent.events.close();
      tokens.push(await storm);
      delivered = lanes.sum('delivered');
      agent = await Agent.start({ places, wanted: isOfStorm, killed: kill + 1 });
    }
    await fence(agent);
    assert.equal(await agent.stop(), 0);

    const { received, lost } = laneTotals(agent, 'lifecycle');
    assert.equal(delivered + received + lost, lanes.sum('seq'));
    let missing = 0;
    for (const token of tokens) {
      const events = eventsOfStorm(agent, token);
      assertNoDuplicates(events);
      missing += missingOfStorm(events, count);
    }
    assert.ok(missing <= agent.events.lost, `${missing} missing, ${agent.events.lost} told of`);
    lanes.close();
    return { kills, processes: kills * count, missing, toldOf: agent.events.lost };
  } finally {
    await agent.dispose();
  }
}
