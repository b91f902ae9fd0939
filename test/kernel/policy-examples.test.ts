// SPDX-License-Identifier: Apache-2.0
// Each policy of docs/examples/, which docs/policy-reference.md shows: what its comment says must match makes an event of it,
// what must not makes none; what is refused is refused with that reason.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Example, readExamples } from './examples/example.ts';
import { runShell } from './examples/shell.ts';
import { type ShownEvent, shownEvents } from './examples/shown-event.ts';
import { resolveStandIns } from './examples/stand-ins.ts';
import { Agent, Places } from './support/agent.ts';
import { policyFailures } from './support/hook-events.ts';
import { requires } from './support/requirements.ts';

// Several agents: one with all policies would be long at its start on an emulated machine.
for (const [part, examples] of Map.groupBy(readExamples().values(), partOf))
  describe(`examples of ${part}`, { skip: requires('root', 'btf') }, () => testExamples(examples));

function partOf({ name }: Example): string {
  if (/^(type|argument)-/.test(name)) return 'values';
  return /^(operator|selector|action)-/.test(name) ? 'selectors' : 'hooks';
}

function testExamples(examples: readonly Example[]): void {
  let agent: Agent;
  /** pid of the shell that ran a command, or why there is none */
  const shells = new Map<string, number | Error>();
  let events: Map<string, ShownEvent[]>;

  before(async () => {
    const places = new Places();
    const directory = join(places.directory, 'policies');
    mkdirSync(directory);
    for (const { name, yaml } of examples)
      writeFileSync(join(directory, `${name}.yaml`), resolveStandIns(yaml));
    agent = await Agent.start({ places, flags: ['--policy', directory], wanted: () => false });
    for (const { name, needs, match, other } of examples)
      for (const [kind, command] of Object.entries({ match, other }))
        if (command !== undefined && requires(...needs) === false)
          shells.set(
            `${name} ${kind}`,
            await runShell(command, places.directory).catch((error: unknown) => error as Error),
          );
    await agent.stop();
    events = Map.groupBy(shownEvents(places.exportFile), ({ policy }) => policy);
  });

  after(() => agent.dispose());

  function eventsOf(name: string, kind: 'match' | 'other'): string[] {
    const shell = shells.get(`${name} ${kind}`);
    if (shell instanceof Error) throw shell;
    const own = (events.get(name) ?? []).filter(
      ({ pids, unreadable }) => shell !== undefined && pids.includes(shell) && !unreadable,
    );
    return own.map(({ line }) => line);
  }

  /** Why a policy is not in force, whether its file or this kernel is the reason. */
  function failureOf(name: string): string | undefined {
    const problem = agent.log().find((line) => String(line.problem).includes(`/${name}.yaml:`));
    return (
      policyFailures(agent).find(({ policy }) => policy === name)?.reason ?? (problem?.problem as string)
    );
  }

  test('every event arrives', () => {
    assert.equal(agent.events.lost, 0);
  });

  for (const { name, needs, refused, match, events: count, shows = '' } of examples)
    test(name, { skip: requires(...needs) }, () => {
      const failure = failureOf(name);
      if (refused !== undefined) {
        assert.ok(failure?.includes(refused), failure ?? 'The policy is in force');
        return;
      }
      assert.equal(failure, undefined);
      if (match === undefined) return;
      const matching = eventsOf(name, 'match');
      assert.ok(
        count === undefined ? matching.length > 0 : matching.length === count,
        `${matching.length} events`,
      );
      assert.ok(matching.join('\n').includes(shows), matching.join('\n'));
      assert.deepEqual(eventsOf(name, 'other'), []);
    });
}
