// SPDX-License-Identifier: Apache-2.0
// What the commands say of a running agent, its outputs, and the one agent per run directory.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Agent, isOurs } from './support/agent.ts';
import { MERLON, merlon } from './support/command.ts';
import type { ExportedProcess } from './support/events.ts';
import { ExportLog } from './support/export-log.ts';
import { statusOf } from './support/hostile.ts';
import { holdIdentity, readIdentity } from './support/identity.ts';
import { execOf, execOfIdentity, exitOf } from './support/lookup.ts';
import { program } from './support/programs.ts';
import { requires } from './support/requirements.ts';
import { endSubjects, runProgram } from './support/subject.ts';
import { eventually } from './support/wait.ts';

describe('door and outputs', { skip: requires('root', 'btf') }, () => {
  let agent: Agent;
  let here: string[];

  before(async () => {
    agent = await Agent.start();
    here = ['--run-dir', agent.places.runDir];
  });

  after(async () => {
    await endSubjects();
    await agent.dispose();
  });

  test('events: the same as in the file, or the client is told of a loss', async () => {
    // On a machine that is busy with other things a client may be too slow: another one sees the whole.
    await eventually('a client that missed nothing', async () => {
      const { exec, exit, log } = await watchOneProcess();
      assert.equal(exit.status, 9);
      for (const event of log.execs) assert.deepEqual(plain(event), plain(exec));
      for (const event of log.exits) assert.deepEqual(plain(event), plain(exit));
      if (log.execs.length === 1 && log.exits.length === 1) return true;
      assert.ok(log.lost > 0, `${log.execs.length} execs and ${log.exits.length} exits, and no gap`);
      return undefined;
    });
  });

  test('events: a filter that cannot be is refused', () => {
    const type = merlon('events', '--event-types', 'exce', ...here);
    assert.deepEqual([type.status, type.stdout], [2, '']);
    assert.match(type.stderr, /^merlon: Unknown event type "EXCE"\n.*PROCESS_EXEC/);
    const pid = merlon('events', '--pid', '1,self', ...here);
    assert.equal(pid.status, 2);
    assert.match(pid.stderr, /--pid takes process ids/);
  });

  test('ps: the process table, as JSON and as a tree', async () => {
    const shell = holdIdentity(['/bin/sh', '-c', `${program('identity')} held; :`]);
    const identity = await readIdentity(shell);
    const exec = await execOfIdentity(agent, identity);

    const json = merlon('ps', '-o', 'json', ...here);
    assert.equal(json.status, 0, json.stderr);
    const processes = json.stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as ExportedProcess);
    assert.deepEqual(
      processes.find(({ exec_id: id }) => id === exec.process.exec_id),
      exec.process,
    );
    assert.ok(processes.some(({ pid }) => pid === process.pid));

    const tree = merlon('ps', '--tree', '--color', 'never', ...here);
    assert.equal(tree.status, 0, tree.stderr);
    const lines = tree.stdout.split('\n');
    const child = lines.findIndex((line) => line.includes(`${identity.pid} ${identity.exe} held`));
    assert.ok(child > 0, tree.stdout);
    assert.ok(
      lines[child - 1]?.includes(`─ ${identity.chain[0]?.pid} ${identity.chain[0]?.binary}`),
      tree.stdout,
    );
    assert.ok((lines[child] ?? '').search(/\d/) > (lines[child - 1] ?? '').search(/\d/));
    await shell.end();
  });

  test('status', async () => {
    const status = await statusOf(agent);
    assert.equal(status.pid, agent.pid);
    assert.ok(Number(status.lanes.find(({ name }) => name === 'lifecycle')?.received) > 0);
    const table = merlon('status', ...here);
    assert.equal(table.status, 0);
    // A machine that is too busy has made it lose events: then it says so.
    assert.match(table.stdout, status.problems === undefined ? /All is well/ : /lost/);
  });

  test('a second agent in the same run directory is refused', () => {
    const bpfDir = `${agent.places.bpfDir}-second`;
    const second = merlon('run', ...here, '--bpf-dir', bpfDir, '--for', '1s');
    assert.equal(second.status, 1);
    assert.match(second.stderr, /^merlon: Cannot start: another agent holds/m);
    assert.equal(existsSync(bpfDir), false);
    assert.equal(agent.log().at(-1)?.msg === 'Stopped', false);
  });

  test('commands without an agent, and wrong commands', () => {
    const nowhere = merlon('ps', '--run-dir', join(agent.places.directory, 'nowhere'));
    assert.equal(nowhere.status, 1);
    assert.match(nowhere.stderr, /^merlon: /);
    const unknown = merlon('ps', '--run-dri', '/tmp');
    assert.equal(unknown.status, 2);
    assert.match(unknown.stderr, /--run-dir/);
  });

  test('SIGHUP: the file is opened anew, and no line is lost', async () => {
    const { exportFile } = agent.places;
    const moved = `${exportFile}.moved`;
    const first = await runProgram<{ child: number }>(program('exec-by-vfork'), [program('end'), '1']);
    await execOf(agent, first.child, program('end'));
    renameSync(exportFile, moved);
    agent.signal('SIGHUP');
    await eventually('the new file', () => existsSync(exportFile) || undefined);
    assert.equal(statSync(exportFile).mode & 0o777, 0o600);
    const log = new ExportLog(exportFile, isOurs);
    const second = await runProgram<{ child: number }>(program('exec-by-vfork'), [program('end'), '2']);
    const fits = ({ process }: { process: ExportedProcess }): boolean => process.pid === second.child;
    const [exit] = await log.waitForExits('the second one, in the new file', fits);
    assert.equal(exit?.status, 2);
    log.close();
    // Whole lines on both sides, and everything before the signal is in the old file.
    assert.equal(readFileSync(moved).subarray(-2).toString(), '}\n');
    assert.equal(readFileSync(exportFile).subarray(0, 1).toString(), '{');
    agent.events.look();
    assert.equal(agent.events.execs.filter(fits).length, 0);
  });

  test('run prints JSON or readable lines on standard output', async () => {
    for (const output of ['json', 'compact']) {
      const runDir = join(agent.places.directory, `run-${output}`);
      const bpfDir = `${agent.places.bpfDir}-${output}`;
      const args = [
        'run',
        '-o',
        output,
        '--run-dir',
        runDir,
        '--bpf-dir',
        `${agent.places.bpfDir}-${output}`,
      ];
      const { client, log, path } = watch(output, [...args, '--color', 'never']);
      await eventually('the agent to watch', () => existsSync(join(runDir, 'merlon.sock')) || undefined);
      const { child } = await runProgram<{ child: number }>(program('exec-by-vfork'), [program('end'), '8']);
      const seen = await eventually('the exit', () => {
        if (output === 'compact') return findExit(readFileSync(path, 'utf8'));
        log.look();
        return log.exits.find(({ process }) => process.pid === child)?.status;
      });
      assert.equal(Number(seen), 8);
      client.kill('SIGINT');
      const [status] = (await once(client, 'close')) as [number];
      assert.equal(status, 0);
      assert.equal(existsSync(bpfDir), false);
      log.close();

      function findExit(text: string): string | undefined {
        return new RegExp(`exit.*${program('end')}.* (8)`).exec(text)?.[1];
      }
    }
  });

  /** One exec and one exit, as the file has them, and as a client saw them that asked for no others. */
  async function watchOneProcess() {
    // It waits for a line before it becomes the program: the client is then there, and knows its process id.
    const script = `read -r go; EXIT=9 exec ${program('identity')} 'through the door'`;
    const subject = holdIdentity(['/bin/sh', '-c', script]);
    const filter = ['--pid', String(subject.pid), '--event-types', 'exec,process_exit'];
    const { client, log } = watch('events-json', ['events', '-o', 'json', ...filter, ...here]);
    await eventually('the client', async () => {
      const { subscribers } = await statusOf(agent);
      return subscribers?.some(({ pid }) => pid === client.pid) || undefined;
    });
    subject.write(Buffer.from('\n'));
    const identity = await readIdentity(subject);
    await subject.end();
    const exec = await execOfIdentity(agent, identity);
    const exit = await exitOf(agent, exec);
    await eventually('the exit, or a gap', () => {
      log.look();
      return log.exits.length + log.lost > 0 || undefined;
    });
    client.kill('SIGINT');
    await once(client, 'close');
    log.look();
    log.close();
    return { exec, exit, log };
  }

  /** Runs a command whose standard output goes into a file that is followed. */
  function watch(name: string, args: string[]) {
    const path = join(agent.places.directory, name);
    const output = openSync(path, 'w');
    const client = spawn(MERLON, args, { stdio: ['ignore', output, 'ignore'] });
    return { client, path, log: new ExportLog(path, (line) => line.startsWith('{') && isOurs(line)) };
  }
});

/** Without the order of keys. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
