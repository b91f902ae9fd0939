// SPDX-License-Identifier: Apache-2.0
// Ways past a rule about a file: none gets past a form of rule that docs/enforcement.md says it stops, and what it says of
// the others holds too.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type BypassReport, BypassStage } from './enforce/bypass-stage.ts';
import { verdictOf } from './enforce/policy-text.ts';
import { FORMS, stops, WAYS, waysTable } from './enforce/ways.ts';
import type { Agent } from './support/agent.ts';
import { hookEvents, policyFailures, startWithPolicies } from './support/hook-events.ts';
import { requires } from './support/requirements.ts';

const EPERM = 1;

test('docs/enforcement.md has the table', () => {
  const page = readFileSync(resolve(import.meta.dirname, '../../docs/enforcement.md'), 'utf8');
  // Prettier aligns the columns.
  const plain = (text: string): string => text.replace(/ +/g, ' ').replace(/-{3,}/g, '---');
  assert.ok(plain(page).includes(plain(waysTable())), `Expected in docs/enforcement.md:\n${waysTable()}`);
});

describe('ways past a rule about a file', { skip: requires('root', 'btf', 'bpfLsm') }, () => {
  let stage: BypassStage;
  let agent: Agent;
  let denied = 0;

  before(async () => {
    stage = new BypassStage();
    for (const way of WAYS.filter(({ alsoOthers }) => alsoOthers)) passes(stage.attempt('control', way));
    agent = await startWithPolicies(stage.policies());
    assert.deepEqual(policyFailures(agent), []);
  });
  after(async () => {
    await agent.dispose();
    stage.close();
  });

  for (const way of WAYS)
    test(way.name, () => {
      if (way.alsoOthers !== true) passes(stage.attempt('control', way));
      for (const { name: form } of FORMS) {
        const report = stage.attempt(form, way);
        if (!stops(form, way)) {
          passes(report);
          continue;
        }
        assert.deepEqual(report, { bytes: 0, error: EPERM }, form);
        denied++;
      }
    });

  test('each denial has an event', async () => {
    await agent.stop();
    const verdicts = hookEvents(agent).map(verdictOf);
    assert.ok(verdicts.every((verdict) => verdict === 'denied'));
    // A call can ask several hooks, or one hook twice.
    assert.ok(verdicts.length + agent.events.lost >= denied, `${verdicts.length} of ${denied}`);
  });
});

function passes({ bytes, error }: BypassReport): void {
  assert.ok(bytes > 0 && error === 0, `the way leads nowhere: error ${error}`);
}
