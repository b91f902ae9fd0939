// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { Agent } from './agent.ts';
import { KernelLanes, laneTotals } from './lanes.ts';
import { assertNoDuplicates, eventsOfStorm, execStorm, isOfStorm, missingOfStorm } from './load.ts';
import { fence } from './lookup.ts';

export interface LossFigures {
  readonly numbered: number;
  readonly received: number;
  readonly lost: number;
}

/**
 * An agent with a ring of `ring`, stopped (SIGSTOP) while `count` processes come and go, then awake for as many. Asserts that
 * received + the sum of all gap records is what the kernel numbered, exactly, in all and for each CPU.
 */
export async function runLossy(ring: string, count: number): Promise<LossFigures> {
  const agent = await Agent.start({ flags: ['--lifecycle-ring', ring], wanted: isOfStorm });
  try {
    const lanes = new KernelLanes(agent.places);
    agent.signal('SIGSTOP');
    const asleep = await execStorm(count);
    agent.signal('SIGCONT');
    const awake = await execStorm(count);
    await fence(agent);
    assert.equal(await agent.stop(), 0);

    // The programs are gone, so these are final; and the agent has told of all that it knows.
    const { received, lost } = laneTotals(agent, 'lifecycle');
    const numbered = lanes.sum('seq');
    assert.equal(received + lost, numbered);
    assert.equal(agent.events.lost, lost);
    assert.equal(lost, lanes.sum('lost'));
    for (const [cpu, counts] of lanes.byCpu().entries()) {
      const told = agent.events.gaps.filter((gap) => gap.cpu === cpu && gap.lane === 'lifecycle');
      assert.equal(
        told.reduce((sum, gap) => sum + gap.lost, 0),
        counts.lost,
        `CPU ${cpu}`,
      );
    }
    assert.ok(lost > 0, 'nothing was lost: the ring is not small enough for this test');

    // The load's own count: a fork, an exec and an exit each. What did not arrive is within what was declared.
    const events = [asleep, awake].map((token) => eventsOfStorm(agent, token));
    for (const each of events) assertNoDuplicates(each);
    const missing = events.reduce((sum, each) => sum + missingOfStorm(each, count), 0);
    assert.ok(numbered >= 6 * count);
    assert.ok(missing <= lost, `${missing} missing, ${lost} told of`);
    for (const { from, to } of agent.events.gaps) assert.ok(from <= to);
    lanes.close();
    return { numbered, received, lost };
  } finally {
    await agent.dispose();
  }
}
