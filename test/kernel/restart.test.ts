// SPDX-License-Identifier: Apache-2.0
// The agent is killed and started again: what happened meanwhile is told, nothing twice; a clean stop leaves nothing.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { afterEach, describe, test } from 'node:test';
import { Agent, isOursOrUnknown, Places } from './support/agent.ts';
import { holdIdentity, readIdentity, runIdentity } from './support/identity.ts';
import { allKernelObjects, kernelObjectsOf } from './support/kernel-objects.ts';
import { KernelLanes, laneTotals } from './support/lanes.ts';
import { execOf, execOfIdentity, exitOf, fence } from './support/lookup.ts';
import { program } from './support/programs.ts';
import { requires } from './support/requirements.ts';
import { runInterrupted } from './support/restart.ts';
import { endSubjects, runProgram } from './support/subject.ts';
import { eventually } from './support/wait.ts';

const IDENTITY = program('identity');
const IS_GUEST = process.env.GUEST_KERNEL !== undefined;

describe('restart', { skip: requires('root', 'btf') }, () => {
  afterEach(endSubjects);

  test('kill -9 and start again, then a clean stop', async () => {
    const before = allKernelObjects();
    const places = new Places();
    const earlier = holdIdentity([IDENTITY, 'earlier'], { env: { EXIT: '3' } });
    await earlier.report();
    const first = await Agent.start({ places });
    const during = holdIdentity([IDENTITY, 'during'], { env: { EXIT: '4' } });
    await during.report();
    await fence(first);
    const lanes = new KernelLanes(places);
    const ours = kernelObjectsOf(first.pid);
    assert.ok(ours.size >= 10, [...ours].join());

    await first.kill();
    const between = holdIdentity([IDENTITY, 'between'], { env: { EXIT: '5' } });
    await between.report();
    const gone = await runIdentity([IDENTITY, 'gone'], { env: { EXIT: '6' } });
    const { child } = await runProgram<{ child: number }>(program('exec-by-vfork'), [program('end'), '7']);
    await earlier.end();
    const delivered = lanes.sum('delivered');

    // The same file: whatever stands in it twice was told twice.
    const second = await Agent.start({ places, wanted: isOursOrUnknown, killed: 1 });
    try {
      assert.equal(second.log().find(({ msg }) => msg === 'Watching')?.adopted, true);
      for (const { subject, status } of [
        { subject: earlier, status: 3 },
        { subject: during, status: 4 },
        { subject: between, status: 5 },
      ]) {
        assert.equal(await subject.end(), status);
        const exec = await execOfIdentity(second, await readIdentity(subject));
        assert.equal((await exitOf(second, exec)).status, status);
      }
      assert.equal((await exitOf(second, await execOfIdentity(second, gone))).status, 6);
      assert.equal((await exitOf(second, await execOf(second, child, program('end')))).status, 7);
      await fence(second);
      const execIds = second.events.execs.map(({ process }) => process.exec_id);
      assert.equal(new Set(execIds).size, execIds.length);

      assert.equal(await second.stop(), 0);
      const { received, lost } = laneTotals(second, 'lifecycle');
      assert.equal(delivered + received + lost, lanes.sum('seq'));
      assert.equal(second.events.lost, lost);
      assert.equal(existsSync(places.bpfDir), false);
    } finally {
      first.events.close();
      await second.dispose();
    }
    lanes.close();
    await assertGone(ours, before);
  });

  test('killed and started again under load', async (context) => {
    const figures = await runInterrupted({ kills: IS_GUEST ? 1 : 3, count: IS_GUEST ? 200 : 3_000 });
    context.diagnostic(JSON.stringify(figures));
  });
});

/** The kernel frees them after a grace period. Where nobody else uses BPF, all must be as before. */
async function assertGone(ours: Set<string>, before: Set<string>): Promise<void> {
  await eventually('our programs, maps and links to go', () => {
    const left = [...allKernelObjects()].filter(
      (object) => ours.has(object) || (IS_GUEST && !before.has(object)),
    );
    return left.length === 0 ? true : undefined;
  });
}
