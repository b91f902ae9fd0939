// SPDX-License-Identifier: Apache-2.0
// Self-protection: what others try against the agent, its objects and its pins is refused and has had no effect; what they do
// among themselves is not hindered; who started the agent may stop it; break-glass lifts it; the next agent takes it over.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { BpfMap } from '../../native/index.d.ts';
import { AgentClient } from '../../src/api/client.ts';
import type { GetStatusResponse } from '../../src/api/gen/merlon/agent_pb.js';
import { Agent as AgentService } from '../../src/api/gen/merlon/agent_pb.js';
import { addon } from '../../src/kernel/addon.ts';
import { Agent, type Places } from './support/agent.ts';
import { cgroupMount } from './support/cgroup.ts';
import { merlon, MERLON } from './support/command.ts';
import { MountedPlaces } from './support/mounted-places.ts';
import { program } from './support/programs.ts';
import { requires } from './support/requirements.ts';
import { endSubjects, runProgram } from './support/subject.ts';
import { eventually } from './support/wait.ts';

const EPERM = 1;
const ENOENT = 2;
const EACCES = 13;
const [SIGINT, SIGKILL, SIGUSR1, SIGTERM, SIGSTOP] = [2, 9, 10, 15, 19];
const HARMLESS = { none: 0, SIGHUP: 1, SIGCHLD: 17, SIGCONT: 18, SIGURG: 23, SIGWINCH: 28 };

// It enforces, and no process runs that file.
const POLICY = `
apiVersion: cilium.io/v1alpha1
kind: TracingPolicy
metadata: { name: enforcing }
spec:
  lsmhooks:
  - hook: file_open
    args:
    - {index: 0, type: file}
    selectors:
    - matchBinaries: [{operator: In, values: ["/nonexistent/merlon-test"]}]
      matchActions: [{action: Override, argError: -1}]
`;

describe('self-protection', { skip: requires('root', 'btf', 'trampolines', 'bpfLsm') }, () => {
  let places: MountedPlaces;
  let agent: Agent;
  let flags: string[];

  before(async () => {
    places = new MountedPlaces();
    const policy = join(places.directory, 'policy.yaml');
    writeFileSync(policy, POLICY);
    flags = ['--policy', policy, '--trusted-cgroups', join(cgroupMount(), `merlon-trusted-${process.pid}`)];
    agent = await start();
  });

  after(async () => {
    await endSubjects();
    await agent.dispose();
  });

  test('it is on while a policy enforces', async () => {
    assert.equal(await protection(), 'on');
    assert.equal(merlon('policy', 'mode', 'enforcing', 'monitor', '--run-dir', places.runDir).status, 0);
    assert.equal(await protection(), 'off: no policy enforces');
    // Nothing is refused then, and who opens this does not become the agent: it stays protected later on.
    assert.equal(await meddle('open-pin', pin('protect_claims')), 0);
    assert.equal(merlon('policy', 'mode', 'enforcing', 'enforce', '--run-dir', places.runDir).status, 0);
    assert.equal(await protection(), 'on');
  });

  for (const way of ['kill', 'tgkill', 'pidfd-signal'])
    test(`signals by ${way} are refused`, async () => {
      for (const signal of [SIGINT, SIGKILL, SIGUSR1, SIGTERM, SIGSTOP])
        assert.equal(await meddle(way, agent.pid, signal), EPERM, `signal ${signal}`);
      await assertAlive();
    });

  test('signals by a descriptor with input are refused', async () => {
    // The kernel tells the writer nothing of it.
    for (const signal of [0, SIGKILL, SIGTERM, SIGSTOP])
      assert.equal(await meddle('io-signal', agent.pid, signal), 0);
    await assertAlive();
  });

  test('signals that end and stop nothing pass', async () => {
    for (const [name, signal] of Object.entries(HARMLESS))
      assert.equal(await meddle('kill', agent.pid, signal), 0, name);
    await assertAlive();
  });

  test('tracing, memory, descriptors and limits are refused', async () => {
    assert.equal(await meddle('trace', agent.pid), EPERM);
    assert.equal(await meddle('open-memory', agent.pid), EACCES);
    assert.equal(await meddle('write-memory', agent.pid), EPERM);
    assert.equal(await meddle('take-descriptor', agent.pid), EPERM);
    assert.equal(await meddle('limit', agent.pid), EPERM);
    // Reading is not.
    assert.match(readFileSync(`/proc/${agent.pid}/maps`, 'utf8'), /node/);
    await assertAlive();
  });

  test('changes of its pins are refused', async () => {
    const pins = listTree(places.bpfDir);
    const [file = ''] = pins.filter((path) => path.includes('link_process_exec'));
    assert.notEqual(file, '');
    const outside = join(places.mount, 'outside');
    assert.equal(await meddle('pin', outside), 0);
    assert.equal(await meddle('unlink', file), EPERM);
    assert.equal(await meddle('rename', file, join(places.mount, 'taken')), EPERM);
    assert.equal(await meddle('rename', outside, file), EPERM);
    assert.equal(await meddle('exchange', outside, file), EPERM);
    assert.equal(await meddle('rename', places.bpfDir, join(places.mount, 'moved')), EPERM);
    assert.equal(await meddle('link', file, join(places.mount, 'second')), EPERM);
    assert.equal(await meddle('rmdir', places.bpfDir), EPERM);
    assert.equal(await meddle('mkdir', join(places.bpfDir, 'more')), EPERM);
    assert.equal(await meddle('symlink', join(places.bpfDir, 'more')), EPERM);
    assert.equal(await meddle('pin', join(places.bpfDir, 'more')), EPERM);
    assert.equal(spawnSync('rm', ['-rf', places.bpfDir]).status, 1);
    assert.deepEqual(listTree(places.bpfDir), pins);
    unlinkSync(outside);
  });

  test('its maps, programs and links cannot be had, written or detached', async () => {
    const pins = listTree(places.bpfDir);
    const maps = pins.filter((path) => /\/(lanes|process_states|protect_\w+)$/.test(path));
    const links = pins.filter((path) => path.includes('/link_'));
    assert.ok(maps.length >= 8 && links.length > 20, `${maps.length} maps, ${links.length} links`);
    for (const path of maps) assert.equal(await meddle('open-pin', path), EPERM, path);
    for (const path of links.filter((name) => !/protect_inode/.test(name)))
      assert.equal(await meddle('detach-pin', path), EPERM, path);
    const held = descriptors(agent.pid);
    assert.ok(
      held.maps.length > 5 && held.programs.length > 2 && held.links.length > 2,
      JSON.stringify(held),
    );
    for (const id of held.maps) assert.equal(await meddle('write-map', id), ENOENT, `map ${id}`);
    for (const id of held.programs) assert.equal(await meddle('program-by-id', id), ENOENT, `program ${id}`);
    for (const id of held.links) assert.equal(await meddle('detach-id', id), EPERM, `link ${id}`);
  });

  test('maps that only its programs have cannot be had either', () => {
    const foreign = createForeign();
    try {
      const names = [...bpftool('map'), ...bpftool('prog')];
      assert.ok(names.includes('foreign'));
      assert.deepEqual(
        names.filter((name) => /^(protect_|process_|hook|root_|policy_)/.test(name)),
        [],
      );
    } finally {
      foreign.close();
    }
  });

  test('unmounting its pins is refused', async () => {
    assert.equal(await meddle('umount', places.mount), EPERM);
    assert.equal(await meddle('umount-lazily', places.mount), EPERM);
    assert.equal(await meddle('umount-elsewhere', places.mount), EPERM);
    // In a mount namespace whose mounts are its own it ends nothing.
    assert.equal(await meddle('umount-alone', places.mount), 0);
    assert.ok(existsSync(places.bpfDir));
  });

  test('a new map of the agent is protected from its beginning', async () => {
    const here = ['--run-dir', places.runDir];
    const before = new Set(descriptors(agent.pid).maps);
    // It asks for each new map as soon as there is one.
    const taker = spawn(program('meddle'), ['take-new-map', 'foreign'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let taken = '';
    taker.stdout.on('data', (bytes: Buffer) => (taken += bytes.toString()));
    const ended = once(taker, 'close');
    await once(taker.stdout, 'data');
    const second = join(places.directory, 'second.yaml');
    writeFileSync(
      second,
      POLICY.replace('name: enforcing', 'name: second').replace('merlon-test', 'merlon-second'),
    );
    const added = merlon('policy', 'add', second, ...here);
    assert.equal(added.status, 0, added.stderr);
    const added2 = descriptors(agent.pid).maps.filter((id) => !before.has(id));
    assert.ok(added2.length > 0);
    for (const id of added2) assert.equal(await meddle('write-map', id), ENOENT, `map ${id}`);
    const foreign = createForeign();
    try {
      await ended;
      assert.equal(taken, '\n{"errno":0}\n');
    } finally {
      taker.kill('SIGKILL');
      foreign.close();
    }
  });

  test('its cgroup can be neither killed nor frozen', async () => {
    const cgroup = join(cgroupMount(), `merlon-test-${process.pid}`);
    const inner = join(cgroup, ...Array.from({ length: 70 }, () => 'inner'));
    mkdirSync(inner, { recursive: true });
    const [, home = ''] = /^0::(.*)$/m.exec(readFileSync(`/proc/${agent.pid}/cgroup`, 'utf8')) ?? [];
    try {
      assert.equal(await meddle('open-to-write', join(inner, 'cgroup.kill')), 0);
      writeFileSync(join(inner, 'cgroup.procs'), String(agent.pid));
      for (const directory of [cgroup, inner])
        for (const file of ['cgroup.kill', 'cgroup.freeze'])
          assert.equal(await meddle('open-to-write', join(directory, file)), EPERM, `${directory}/${file}`);
      assert.equal(await meddle('open-to-write', join(inner, 'cgroup.procs')), 0);
    } finally {
      writeFileSync(join(cgroupMount(), home, 'cgroup.procs'), String(agent.pid));
      for (let path = inner; path.startsWith(cgroup); path = dirname(path)) rmdirSync(path);
    }
    await assertAlive();
  });

  test('a process of a trusted cgroup may stop it', async () => {
    const cgroup = join(cgroupMount(), `merlon-trusted-${process.pid}`);
    const enter = `echo $$ > ${cgroup}/cgroup.procs; exec`;
    const stop = `${enter} ${program('meddle')} kill ${agent.pid} ${SIGSTOP}`;
    mkdirSync(cgroup);
    try {
      // The agent finds it within a second.
      await eventually('the cgroup to be known', () =>
        spawnSync('sh', ['-c', stop], { encoding: 'utf8' }).stdout.includes('"errno":0') ? true : undefined,
      );
      assert.equal(await meddle('kill', agent.pid, SIGSTOP), EPERM);
      const open = `${enter} ${program('meddle')} open-pin ${pin('lanes')}`;
      assert.equal(spawnSync('sh', ['-c', open], { encoding: 'utf8' }).stdout, `{"errno":${EPERM}}\n`);
    } finally {
      assert.equal(await meddle('kill', agent.pid, HARMLESS.SIGCONT), 0);
      rmdirSync(cgroup);
    }
    await assertAlive();
  });

  test('what the kernel runs cannot be switched off', async () => {
    assert.equal(await meddle('open-to-write', '/proc/sys/kernel/ftrace_enabled'), EPERM);
    assert.equal(await meddle('open-to-write', '/proc/sys/kernel/hostname'), 0);
    assert.equal(readFileSync('/proc/sys/kernel/ftrace_enabled', 'utf8'), '1\n');
    const debugfs = join(places.directory, 'debug');
    mkdirSync(debugfs);
    addon.mountFs('debugfs', debugfs);
    try {
      assert.equal(await meddle('open-to-write', join(debugfs, 'kprobes/enabled')), EPERM);
    } finally {
      spawnSync('umount', [debugfs]);
    }
  });

  test('others are not hindered among themselves', async () => {
    const other = spawn('sleep', ['1000']);
    const map = createForeign();
    const pin = join(places.mount, 'foreign');
    const second = join(places.directory, 'second');
    mkdirSync(second);
    addon.mountFs('bpf', second);
    try {
      const { id } = map.info();
      map.pin(pin);
      assert.equal(await meddle('trace', other.pid ?? 0), 0);
      assert.equal(await meddle('limit', other.pid ?? 0), 0);
      assert.equal(await meddle('write-map', id), 0);
      assert.equal(await meddle('open-pin', pin), 0);
      assert.equal(await meddle('rename', pin, `${pin}2`), 0);
      assert.equal(await meddle('unlink', `${pin}2`), 0);
      assert.equal(await meddle('umount', second), 0);
      assert.equal(await meddle('kill', other.pid ?? 0, SIGKILL), 0);
    } finally {
      other.kill('SIGKILL');
      map.close();
      spawnSync('umount', [second]);
    }
  });

  test('status and log say what was refused', async () => {
    assert.equal(await meddle('kill', agent.pid, SIGKILL), EPERM);
    assert.equal(await meddle('umount', places.mount), EPERM);
    assert.equal(await meddle('unlink', pin('lanes')), EPERM);
    const { stdout } = merlon('status', '--run-dir', places.runDir);
    assert.match(stdout, /^Protection +on$/m);
    for (const what of [
      'a signal to the agent',
      'unmounting the filesystem of the pins',
      'changing the pins',
    ])
      assert.match(stdout, new RegExp(`^${what}.* [1-9]\\d* +pid \\d+ \\(`, 'm'), stdout);
    const lines = await eventually('the log to tell of a signal', () => {
      const found = agent.log().filter(({ what }) => what === 'a signal to the agent');
      return found.length > 0 ? found : undefined;
    });
    assert.equal(lines.length, 1);
    assert.equal(lines[0]?.command, 'meddle');
  });

  test('the break-glass file lifts it, and its end brings it back', async () => {
    const [id = 0] = descriptors(agent.pid).maps;
    assert.equal(await meddle('map-by-id', id), ENOENT);
    writeFileSync(places.glass, '');
    await eventually(
      'the protection to be lifted',
      async () => (await meddle('map-by-id', id)) === 0 || undefined,
    );
    assert.equal(await meddle('trace', agent.pid), 0);
    // A living agent stays what it is.
    assert.equal(await meddle('open-pin', pin('protect_claims')), 0);
    assert.equal(await protection(), `lifted: ${places.glass} exists`);
    const { problems } = await status();
    assert.ok(
      problems.includes(`Self-protection is lifted while ${places.glass} exists`),
      problems.join('\n'),
    );
    unlinkSync(places.glass);
    await eventually(
      'the protection to be back',
      async () => (await meddle('map-by-id', id)) === ENOENT || undefined,
    );
    assert.equal(await meddle('kill', agent.pid, SIGKILL), EPERM);
    assert.equal(await protection(), 'on');
    const levels = await eventually('the log to tell of both', () => {
      const found = agent.log().filter(({ msg }) => /^Self-protection is (lifted|back)/.test(msg));
      return found.length > 1 ? found.map(({ level }) => level) : undefined;
    });
    assert.deepEqual(levels, ['error', 'warn']);
  });

  test('what only looks like the break-glass file does not lift it', async () => {
    chmodSync(places.directory, 0o755);
    chmodSync(places.runDir, 0o777);
    const nobody = { uid: 65534, gid: 65534 };
    assert.equal(spawnSync('touch', [places.glass], nobody).status, 0);
    assert.equal(await meddle('kill', agent.pid, SIGKILL), EPERM);
    assert.equal(await protection(), 'on');
    unlinkSync(places.glass);
    symlinkSync(places.glass, places.glass);
    assert.equal(await protection(), 'on');
    unlinkSync(places.glass);
    chmodSync(places.runDir, 0o755);
    chmodSync(places.directory, 0o700);
    await assertAlive();
  });

  test('its pins are protected also when their mount is covered', async () => {
    const elsewhere = join(places.directory, 'elsewhere');
    const path = pin('lanes').replace(places.mount, elsewhere);
    mkdirSync(elsewhere);
    assert.equal(spawnSync('mount', ['--bind', places.mount, elsewhere]).status, 0);
    addon.mountFs('tmpfs', places.mount);
    try {
      // It looks at its places for that.
      assert.equal(await protection(), 'on');
      assert.equal(await meddle('unlink', path), EPERM);
      assert.equal(await meddle('open-pin', path), EPERM);
      assert.equal(await meddle('umount', elsewhere), EPERM);
    } finally {
      writeFileSync(places.glass, '');
      spawnSync('umount', [places.mount]);
      spawnSync('umount', [elsewhere]);
      unlinkSync(places.glass);
    }
    assert.equal(await protection(), 'on');
  });

  test('who started it may kill it; its pins stay, and only an agent of the same starter takes them over', async () => {
    await agent.kill();
    agent.events.close();
    const lanes = pin('lanes');
    assert.equal(await meddle('unlink', lanes), EPERM);
    assert.equal(await meddle('open-pin', lanes), EPERM);
    assert.equal(await meddle('umount-lazily', places.mount), EPERM);

    const foreign = startedByOther(places, 'run --quiet --for 1s');
    assert.equal(foreign.status, 1);
    assert.match(
      foreign.stderr,
      /^merlon: Cannot take over ".*": an agent that something else started has protected it$/m,
    );

    // The next one makes whole what was removed by force.
    writeFileSync(places.glass, '');
    unlinkSync(pin('link_protect_task_kill'));
    unlinkSync(places.glass);
    agent = await start(1);
    assert.ok(agent.log().some(({ msg, adopted }) => msg === 'Watching' && adopted === true));
    assert.equal(await protection(), 'on');
    assert.equal(await meddle('kill', agent.pid, SIGKILL), EPERM);
  });

  test('while the glass is broken any agent takes over', async () => {
    await agent.kill();
    agent.events.close();
    // No agent lives that could look for it: the kernel side sees it.
    writeFileSync(places.glass, '');
    const foreign = startedByOther(places, 'run --quiet --for 1s');
    assert.equal(foreign.status, 0, foreign.stderr);
    assert.equal(existsSync(places.bpfDir), false);
    unlinkSync(places.glass);
    agent = await start(2);
    assert.equal(await protection(), 'on');
  });

  test('a clean stop by who started it leaves nothing', async () => {
    assert.equal(await agent.stop(), 0);
    assert.equal(existsSync(places.bpfDir), false);
    assert.equal(await meddle('umount', places.mount), 0);
    addon.mountFs('bpf', places.mount);
  });

  test('with keep it outlives a stop; unload is for who started it, or with break-glass', async () => {
    flags.push('--keep');
    agent.events.close();
    agent = await start(2);
    assert.equal(await protection(), 'on');
    assert.equal(await agent.stop(), 0);
    assert.equal(await meddle('unlink', pin('lanes')), EPERM);
    assert.equal(await meddle('open-pin', pin('generations')), EPERM);
    const refused = startedByOther(places, 'unload');
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /^merlon: Cannot take over .*\n.*systemd-run --wait --pipe merlon unload/);
    writeFileSync(places.glass, '');
    const byOther = startedByOther(places, 'unload');
    assert.equal(byOther.status, 0, byOther.stderr);
    assert.equal(existsSync(places.bpfDir), false);
    unlinkSync(places.glass);

    agent.events.close();
    agent = await start(2);
    await agent.kill();
    const { status: ended, stderr } = merlon(
      'unload',
      '--run-dir',
      places.runDir,
      '--bpf-dir',
      places.bpfDir,
    );
    assert.equal(ended, 0, stderr);
    assert.equal(existsSync(places.bpfDir), false);
  });

  async function start(killed = 0): Promise<Agent> {
    const environment = { MERLON_SELF_PROTECTION: 'auto' };
    return await Agent.start({ places, flags, environment, killed, wanted: () => false });
  }

  /** The path of a pin of this name. */
  function pin(name: string): string {
    const [path] = listTree(places.bpfDir).filter((each) => each.endsWith(`/${name}`));
    assert.ok(path !== undefined, name);
    return path;
  }

  /** What the agent says of it, as the row of `merlon status` does. */
  async function protection(): Promise<string> {
    const { selfProtection: { state, reason } = { state: '', reason: '' } } = await status();
    return reason === '' ? state : `${state}: ${reason}`;
  }

  async function status(): Promise<GetStatusResponse> {
    const client = await AgentClient.connect(places.runDir);
    try {
      return await client.unary(AgentService.method.getStatus, {});
    } finally {
      client.close();
    }
  }

  /** It runs and answers. */
  async function assertAlive(): Promise<void> {
    assert.match(readFileSync(`/proc/${agent.pid}/status`, 'utf8'), /^State:\t[RSD]/m);
    assert.equal((await status()).pid, agent.pid);
  }
});

/** The errno that the program gets; see test/programs/meddle.c. */
async function meddle(what: string, ...details: (string | number)[]): Promise<number> {
  const { errno } = await runProgram<{ errno: number }>(program('meddle'), [what, ...details.map(String)]);
  return errno;
}

/** A command whose parent is a shell. */
function startedByOther(
  { runDir, bpfDir }: Places,
  command: string,
): { status: number | null; stderr: string } {
  const line = `"${MERLON}" ${command} --run-dir "${runDir}" --bpf-dir "${bpfDir}"; exit $?`;
  return spawnSync('sh', ['-c', line], { encoding: 'utf8' });
}

/** A map that is not the agent's. */
function createForeign(): BpfMap {
  return addon.BpfMap.create({
    ...{ name: 'foreign', type: 2, keySize: 4, valueSize: 8, maxEntries: 1, flags: 0 },
  });
}

/** Names of the maps or programs that bpftool finds. */
function bpftool(kind: 'map' | 'prog'): string[] {
  const listed = execFileSync('bpftool', ['-j', kind, 'show'], { encoding: 'utf8', maxBuffer: 1 << 26 });
  return [...listed.matchAll(/"name":"([^"]+)"/g)].map(([, name = '']) => name);
}

function listTree(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => join(directory, name))
    .sort();
}

/** Ids of the objects that a process has descriptors of. */
function descriptors(pid: number): Record<'maps' | 'programs' | 'links', number[]> {
  const texts = readdirSync(`/proc/${pid}/fdinfo`).map((fd) =>
    readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8'),
  );
  const ids = (name: string): number[] => [
    ...new Set(
      texts.flatMap((text) =>
        [...text.matchAll(new RegExp(`^${name}:\\s+(\\d+)`, 'gm'))].map(([, id]) => Number(id)),
      ),
    ),
  ];
  return { maps: ids('map_id'), programs: ids('prog_id'), links: ids('link_id') };
}
