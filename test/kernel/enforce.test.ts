// SPDX-License-Identifier: Apache-2.0
// Each action on each kind of hook that can carry it: the operation is attempted and its effect looked at, and the same
// operation elsewhere passes. Confined to a program of the test's own.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type EnforceCase, enforceCases, type Outcome } from './enforce/cases.ts';
import { verdictMembers } from './enforce/policy-text.ts';
import { indent, NO_STAGE } from './policy/case.ts';
import type { CallReport } from './policy/case.ts';
import { OpenStage } from './policy/stage.ts';
import { Agent, Places } from './support/agent.ts';
import { type HookEvent, hookEvents, policyFailures } from './support/hook-events.ts';
import { requires } from './support/requirements.ts';
import { endSubjects, Subject } from './support/subject.ts';

interface Attempt {
  readonly pid: number;
  readonly outcome: Outcome;
}

// The names and needs of cases are the same on every stage.
const NAMES = enforceCases(NO_STAGE);

describe('enforcement', { skip: requires('root', 'btf') }, () => {
  let stage: OpenStage;
  let agent: Agent;
  let cases: readonly EnforceCase[];
  const attempts = new Map<EnforceCase, { attempted: Attempt; control: Attempt }>();
  let events: readonly HookEvent[];

  before(async () => {
    stage = await OpenStage.open();
    cases = enforceCases(stage);
    for (const { guarded, deep } of cases) {
      if (guarded !== undefined) writeFileSync(guarded, 'secret');
      if (deep !== undefined) makeDeep(stage.directory, deep);
    }
    const places = new Places();
    const directory = join(places.directory, 'policies');
    mkdirSync(directory);
    for (const [place, each] of cases.entries())
      if (requires(...(each.needs ?? [])) === false)
        writeFileSync(join(directory, `${place}.yaml`), policyText(each, place));
    agent = await Agent.start({ places, flags: ['--policy', directory], wanted: () => false });
    for (const each of cases)
      if (requires(...(each.needs ?? [])) === false)
        attempts.set(each, {
          attempted: await run(each.attempt, each.program),
          control: await run(each.control, each.program),
        });
    await agent.stop();
    events = hookEvents(agent);
  });

  after(async () => {
    await endSubjects();
    await agent.dispose();
    // Node cannot name what is there.
    execFileSync('rm', ['-rf', stage.directory]);
    await stage.close();
  });

  for (const [place, { name, needs = [] }] of NAMES.entries())
    test(name, { skip: requires(...needs) }, () => {
      const each = cases[place];
      const done = each && attempts.get(each);
      assert.ok(each !== undefined && done !== undefined);
      assert.deepEqual(
        policyFailures(agent).filter(({ policy }) => policy === policyName(place)),
        [],
      );
      assert.deepEqual(done.attempted.outcome, each.outcome);
      assert.ok(
        Array.isArray(done.control.outcome),
        `the control was ended by ${String(done.control.outcome)}`,
      );
      assert.ok(
        done.control.outcome.every((result) => result >= 0),
        `the control could not: ${String(done.control.outcome)}`,
      );
      if (each.absent !== undefined) assert.equal(existsSync(each.absent), false);
      assert.deepEqual(eventsOf(place, done.attempted).map(verdictMembers), [each.verdict ?? []].flat());
      assert.deepEqual(eventsOf(place, done.control), []);
    });

  function eventsOf(place: number, { pid }: Attempt): HookEvent[] {
    return events.filter(
      ({ process, policy_name: policy }) => process.pid === pid && policy === policyName(place),
    );
  }

  async function run(steps: string, program: 'call' | 'otherCall' = 'call'): Promise<Attempt> {
    const subject = new Subject(stage[program], steps.split(' '));
    const { pid } = subject;
    const end = await subject.end();
    if (typeof end === 'string') return { pid, outcome: end };
    assert.equal(end, 0);
    return { pid, outcome: (await subject.report<CallReport>()).results };
  }
});

/** Folders one in another, beyond what a path can name, and a file in the last one. */
function makeDeep(directory: string, half: string): void {
  execFileSync('sh', ['-ec', 'mkdir -p "$1" && cd "$1" && mkdir -p "$1" && : > "$1/deep"', 'sh', half], {
    cwd: directory,
  });
}

function policyName(place: number): string {
  return `enforce-${place}`;
}

function policyText({ spec, annotations = {} }: EnforceCase, place: number): string {
  const metadata = {
    name: policyName(place),
    annotations: Object.fromEntries(
      Object.entries(annotations).map(([name, value]) => [`merlon.dev/${name}`, value]),
    ),
  };
  const head = 'apiVersion: cilium.io/v1alpha1\nkind: TracingPolicy\nmetadata: ';
  return `${head}${JSON.stringify(metadata)}\nspec:\n${indent(spec.trim(), 2)}\n`;
}
