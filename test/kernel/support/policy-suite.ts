// SPDX-License-Identifier: Apache-2.0
/** Runs a table of cases against one agent that has all their policies. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { NO_STAGE, assertExpected, indent } from '../policy/case.ts';
import type { CallReport, PolicyCase, Run, Stage } from '../policy/case.ts';
import { OpenStage } from '../policy/stage.ts';
import { Agent, type AgentOptions, Places } from './agent.ts';
import { type HookEvent, hookEvents, policyFailures } from './hook-events.ts';
import { requires } from './requirements.ts';
import { endSubjects } from './subject.ts';

interface Outcome {
  readonly report: CallReport | Error;
  readonly events: readonly HookEvent[];
}

/** How a case's policy is called. */
function policyName(place: number): string {
  return `case-${place}`;
}

function policyText({ spec }: PolicyCase, place: number): string {
  const head = `apiVersion: cilium.io/v1alpha1\nkind: TracingPolicy\nmetadata: { name: ${policyName(place)} }\nspec:\n`;
  return `${head}${indent(spec.trim(), 2)}\n`;
}

interface Suite {
  readonly title: string;
  /** the names and needs of cases are the same on every stage */
  readonly cases: (stage: Stage) => readonly PolicyCase[];
  readonly skip: string | false;
  readonly environment?: AgentOptions['environment'];
}

/** One event that a policy must match, compared with what the program did, and one that it must not, for each case. */
export function describeCases({ title, cases: casesOn, skip, environment = {} }: Suite): void {
  const names = casesOn(NO_STAGE);
  // A suite that is skipped would not be counted.
  if (skip !== false) {
    test(title, { skip }, () => undefined);
    return;
  }
  describe(title, () => {
    let stage: OpenStage;
    let agent: Agent;
    let cases: readonly PolicyCase[];
    const reports = new Map<Run, CallReport | Error>();
    let events: Map<string, HookEvent[]>;

    before(async () => {
      stage = await OpenStage.open();
      cases = casesOn(stage);
      const places = new Places();
      const directory = join(places.directory, 'policies');
      mkdirSync(directory);
      cases.forEach((each, place) =>
        writeFileSync(join(directory, `${place}.yaml`), policyText(each, place)),
      );
      agent = await Agent.start({ places, flags: ['--policy', directory], wanted: () => false, environment });
      for (const { needs = [], matching, differing } of cases)
        for (const run of requires(...needs) === false ? [matching, differing] : [])
          reports.set(run, await stage.run(run).catch((error: unknown) => error as Error));
      await agent.stop();
      events = Map.groupBy(hookEvents(agent), ({ policy_name: name }) => name);
    });

    after(async () => {
      await endSubjects();
      await agent.dispose();
      await stage.close();
    });

    function outcome(place: number, run: Run | undefined): Outcome {
      const report = run === undefined ? undefined : reports.get(run);
      if (report === undefined || report instanceof Error) throw report ?? new Error('The case did not run');
      const own = events.get(policyName(place)) ?? [];
      return { report, events: own.filter(({ process }) => process.pid === report.pid) };
    }

    test('every event arrives', () => {
      assert.equal(agent.events.lost, 0);
    });

    for (const [place, { name, needs = [] }] of names.entries())
      test(name, { skip: requires(...needs) }, () => {
        const { matching, differing, expect, count = 1 } = cases[place] ?? {};
        const failure = policyFailures(agent).find(({ policy }) => policy === policyName(place));
        assert.equal(failure, undefined, JSON.stringify(failure));
        const taken = outcome(place, matching);
        assert.equal(taken.events.length, count, `events, of the calls ${JSON.stringify(taken.report)}`);
        const [event] = taken.events;
        assert.ok(event !== undefined && expect !== undefined);
        assertExpected(event, taken.report as CallReport, expect);
        const left = outcome(place, differing);
        assert.deepEqual(left.events, []);
      });
  });
}
