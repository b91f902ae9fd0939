// SPDX-License-Identifier: Apache-2.0
// What an agent with --keep leaves in force: after a stop, after kill -9, and while others take over. Confined to a program
// of the test's own.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, test } from 'node:test';
import { addon } from '../../src/kernel/addon.ts';
import { Agent, type AgentOptions, Places } from './support/agent.ts';
import { merlon, type CommandResult } from './support/command.ts';
import {
  type Attack,
  Attempts,
  attacks,
  keepFlags,
  runRestarts,
  startKeeping,
  verdicts,
} from './support/persist.ts';
import { requires } from './support/requirements.ts';
import { endSubjects } from './support/subject.ts';

const IS_GUEST = process.env.GUEST_KERNEL !== undefined;

describe('persistence', { skip: requires('root', 'btf') }, () => {
  afterEach(endSubjects);

  test('restarts, kill -9 and upgrades while operations are attempted', async (context) => {
    const figures = await runRestarts(new Places(), {
      stops: IS_GUEST ? 1 : 2,
      kills: 1,
      upgrades: 1,
      otherRoots: 0,
    });
    context.diagnostic(JSON.stringify(figures));
  });

  test('an upgrade from a build whose roots are others', async (context) => {
    const figures = await runRestarts(new Places(), { stops: 0, kills: 0, upgrades: 0, otherRoots: 1 });
    context.diagnostic(JSON.stringify(figures));
  });

  test('without an agent policies stay in force; the next one has others; unload', async () => {
    const places = new Places();
    const [first, second, ...more] = attacks(places);
    assert.ok(first !== undefined && second !== undefined);
    const firsts = [first, ...more];
    const denied = new Map<Attack, number>();
    const attempt = async (policies: readonly Attack[], isDenied: boolean): Promise<void> => {
      for (const attack of policies) {
        const { attempts, failed } = await new Attempts(places, attack).end();
        assert.equal(failed, isDenied ? 0 : attempts, attack.policy);
        if (isDenied) denied.set(attack, (denied.get(attack) ?? 0) + attempts);
      }
    };
    let agent = await startKeeping(places, { flags: keepFlags(places, firsts) });
    const next = async (options: AgentOptions): Promise<void> => {
      agent.events.close();
      agent = await startKeeping(places, options);
    };
    try {
      const refused = unload(places);
      assert.equal(refused.status, 1);
      assert.ok(refused.stderr.includes(`Cannot unload "${places.bpfDir}": process ${agent.pid} (`));
      await attempt(firsts, true);
      assert.equal(await agent.stop(), 0);
      await attempt(firsts, true);
      await attempt([second], false);

      await next({ flags: keepFlags(places, [second]) });
      await attempt(firsts, false);
      await attempt([second], true);
      await agent.kill();
      await attempt([second], true);
      await attempt(firsts, false);

      // One that does not keep takes over, and leaves nothing.
      await next({ flags: keepFlags(places, [second], false), killed: 1 });
      await attempt([second], true);
      assert.deepEqual(policyLinks(places), []);
      assert.equal(await agent.stop(), 0);
      assert.equal(existsSync(places.bpfDir), false);
      await attempt([second], false);
      for (const [attack, count] of denied) assertTold(places, attack, count, agent);
      const { status, stdout } = unload(places);
      assert.deepEqual([status, stdout], [0, `Nothing of an agent is pinned in ${places.bpfDir}\n`]);
    } finally {
      await agent.dispose();
    }
  });

  test('kill -9 without --keep: policies go with the agent, and unload removes the rest', async () => {
    const places = new Places();
    const [attack] = attacks(places);
    assert.ok(attack !== undefined);
    const agent = await startKeeping(places, { flags: keepFlags(places, [attack], false) });
    try {
      assert.deepEqual(policyLinks(places), []);
      await agent.kill();
      const { attempts, failed } = await new Attempts(places, attack).end();
      assert.equal(failed, attempts);
      const { status, stdout } = unload(places);
      assert.equal(status, 0);
      assert.match(stdout, /^Removed \S+\/process-v\S+ \(\d+ pins\)\n$/);
      assert.equal(existsSync(places.bpfDir), false);
    } finally {
      await agent.dispose();
    }
  });

  test('pins that cannot be used are replaced, and what they had in force stays so until then', async () => {
    const places = new Places();
    const policies = attacks(places);
    const [attack] = policies;
    assert.ok(attack !== undefined);
    let agent = await startKeeping(places, { flags: keepFlags(places, policies) });
    try {
      assert.equal(await agent.stop(), 0);
      const [directory = ''] = readdirSync(places.bpfDir).filter((name) => name.startsWith('policies-'));
      const generations = join(places.bpfDir, directory, 'generations');
      unlinkSync(generations);
      const map = addon.BpfMap.create({
        ...{ name: 'other', type: 2, keySize: 4, valueSize: 4, maxEntries: 1, flags: 0 },
      });
      map.pin(generations);
      map.close();
      agent.events.close();
      const running = policies.map((each) => new Attempts(places, each));
      agent = await Agent.start({ places, flags: keepFlags(places, policies), wanted: () => false });
      assert.deepEqual(
        agent
          .log()
          .filter(({ level }) => level === 'warn')
          .map(({ msg }) => msg),
        ['What an earlier agent has pinned cannot be used and is replaced'],
      );
      for (const attempts of running) assert.equal((await attempts.end()).failed, 0);
      await agent.stop();
      // What was replaced is gone with its agent at the latest.
      assert.deepEqual(
        readdirSync(places.bpfDir).filter((name) => name.startsWith('replaced-')),
        [],
      );
      assert.equal(unload(places).status, 0);
      assert.equal(existsSync(places.bpfDir), false);
    } finally {
      await agent.dispose();
    }
  });
});

function unload({ bpfDir, runDir }: Places): CommandResult {
  return merlon('unload', '--bpf-dir', bpfDir, '--run-dir', `${runDir}-none`);
}

/** Links of policies that are pinned. */
function policyLinks({ bpfDir }: Places): string[] {
  const names = readdirSync(bpfDir, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.startsWith('policies-') && name.includes('link_'));
}

/** Each denied attempt has one verdict, but for what gaps tell of. */
function assertTold(places: Places, attack: Attack, denied: number, agent: Agent): void {
  const events = [...verdicts(places, attack).values()].reduce((sum, count) => sum + count, 0);
  assert.ok(
    events <= denied && denied <= events + agent.events.lost,
    `${attack.policy}: ${events} of ${denied}`,
  );
}
