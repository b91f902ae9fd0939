// SPDX-License-Identifier: Apache-2.0
// What an agent with --keep leaves in force: after a stop, after kill -9, and while others take over. Confined to a program
// of the test's own.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readdirSync, readlinkSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, test } from 'node:test';
import { addon } from '../../src/kernel/addon.ts';
import { Agent, type AgentOptions, Places } from './support/agent.ts';
import { merlon, type CommandResult } from './support/command.ts';
import {
  type Attack,
  Attempts,
  attacks,
  complaints,
  keepFlags,
  runRestarts,
  startKeeping,
  verdicts,
} from './support/persist.ts';
import { MountedPlaces } from './support/mounted-places.ts';
import { program } from './support/programs.ts';
import { requires } from './support/requirements.ts';
import { endSubjects, Subject } from './support/subject.ts';
import { eventually } from './support/wait.ts';

const IS_GUEST = process.env.GUEST_KERNEL !== undefined;

describe('persistence', { skip: requires('root', 'btf') }, () => {
  afterEach(endSubjects);

  test('restarts, kill -9 and upgrades while operations are attempted', async (context) => {
    // An emulated guest takes half a minute for each; `npm run soak -- restart-enforce` has them all.
    const counts = IS_GUEST ? { stops: 0, upgrades: [] } : { stops: 2, upgrades: ['objects'] as const };
    const figures = await runRestarts(new Places(), { kills: 1, ...counts });
    context.diagnostic(JSON.stringify(figures));
  });

  test('an upgrade from a build whose roots are others', { skip: requires('host') }, async (context) => {
    const figures = await runRestarts(new Places(), { stops: 0, kills: 0, upgrades: ['roots'] });
    context.diagnostic(JSON.stringify(figures));
  });

  test('an upgrade from a build whose records are others', { skip: requires('host') }, async (context) => {
    const figures = await runRestarts(new Places(), { stops: 0, kills: 0, upgrades: ['records'] });
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

  test(
    'what processes descend from is known to the next agent, also when nobody else knows it any more',
    { skip: requires('host') },
    async () => {
      const places = new Places();
      const [ancestor, other] = ['ancestor', 'other'].map((name) => join(places.directory, name));
      assert.ok(ancestor !== undefined && other !== undefined);
      for (const path of [ancestor, other]) copyFileSync(program('call'), path);
      const flags = keepFlags(places, [followPolicy(ancestor)]);
      // Executes the ancestor, then another program in the same process: nothing that is there now shows the first.
      const descendant = (): Subject => new Subject(ancestor, ['exec', other, ';', 'wait']);
      const end = async (subject: Subject): Promise<number | string> => {
        subject.write(Buffer.from('getpgid 0'));
        return await subject.end();
      };
      const known = (subject: Subject): Promise<unknown> =>
        eventually(
          'the second program',
          () => readlinkSync(`/proc/${subject.pid}/exe`) === other || undefined,
        );
      let agent = await startKeeping(places, { flags });
      try {
        const before = [descendant(), descendant(), descendant()];
        for (const subject of before) await known(subject);
        const [first, second, third] = before as [Subject, Subject, Subject];
        assert.equal(await end(first), 'SIGKILL');
        assert.equal(await agent.stop(), 0);
        assert.equal(await end(second), 'SIGKILL');
        const between = descendant();
        await known(between);
        agent.events.close();
        agent = await startKeeping(places, { flags });
        assert.equal(await end(third), 'SIGKILL');
        assert.equal(await end(between), 'SIGKILL');
        assert.equal(await end(new Subject(other, ['wait'])), 0);
        assert.equal(await agent.stop(), 0);
        assert.equal(unload(places).status, 0);
      } finally {
        await agent.dispose();
      }
    },
  );

  test(
    'kill -9 without --keep: policies go with the agent, and unload removes the rest',
    { skip: requires('host') },
    async () => {
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
    },
  );

  test(
    'pins that cannot be used are replaced, and what they had in force stays so until then',
    { skip: requires('host') },
    async () => {
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
          complaints(agent).map(({ msg }) => msg),
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
    },
  );

  test(
    'what a switch cannot remove is out of force all the same, and removed by a later one',
    { skip: requires('host') },
    async () => {
      const places = new MountedPlaces();
      const [first, second] = attacks(places);
      assert.ok(first !== undefined && second !== undefined);
      const remount = (how: 'ro' | 'rw'): void =>
        assert.equal(spawnSync('mount', ['-o', `remount,${how}`, places.mount]).status, 0);
      const change = (how: string, { policy }: Attack): void => {
        const { status, stderr } = merlon('policy', how, policy, '--run-dir', places.runDir);
        assert.equal(status, 0, stderr);
      };
      const assertDenied = async (attack: Attack, isDenied: boolean): Promise<void> => {
        const { attempts, failed } = await new Attempts(places, attack).end();
        assert.equal(failed, isDenied ? 0 : attempts, attack.policy);
      };
      const agent = await startKeeping(places, { flags: keepFlags(places, [first, second]) });
      try {
        const links = policyLinks(places).length;
        remount('ro');
        change('delete', first);
        await eventually('the agent to say so', () =>
          agent.log().find(({ msg }) => msg === 'What was replaced cannot be removed'),
        );
        await assertDenied(first, false);
        await assertDenied(second, true);
        // The other half of its root, which the programs of before were in.
        change('disable', second);
        await assertDenied(first, false);
        await assertDenied(second, false);
        assert.equal(policyLinks(places).length, links);
        remount('rw');
        change('enable', second);
        await assertDenied(first, false);
        await assertDenied(second, true);
        assert.equal(policyLinks(places).length, links - 1);
        assert.equal(await agent.stop(), 0);
        assert.equal(unload(places).status, 0);
      } finally {
        remount('rw');
        await agent.dispose();
      }
    },
  );
});

function unload({ bpfDir, runDir }: Places): CommandResult {
  return merlon('unload', '--bpf-dir', bpfDir, '--run-dir', `${runDir}-none`);
}

/** Kills who calls getpgid and descends from a program. */
function followPolicy(ancestor: string): Pick<Attack, 'policy' | 'spec'> {
  return {
    policy: 'persist-descent',
    spec: `kprobes:
- call: sys_getpgid
  syscall: true
  selectors:
  - matchBinaries: [{operator: In, values: ["${ancestor}"], followChildren: true}]
    matchActions: [{action: Sigkill}]`,
  };
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
