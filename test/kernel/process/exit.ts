// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { test } from 'node:test';
import type { ExecEvent, ExitEvent } from '../support/events.ts';
import type { Ended } from '../support/exits.ts';
import { exitsOf, runThreadExits, THREAD_ENDS, waitStatus } from '../support/exits.ts';
import type { AgentOfTests } from '../support/lookup.ts';
import { execOf, fence, withDirectory } from '../support/lookup.ts';
import { program } from '../support/programs.ts';
import { runProgram, Subject } from '../support/subject.ts';

/** Runs of each kind; at a small count. */
const THREAD_RUNS = process.env.GUEST_KERNEL === undefined ? 300 : 100;

export function exitTests(agent: AgentOfTests): void {
  const end = program('end');

  async function endEach(numbers: number[]): Promise<{ ended: Ended[]; exits: Map<number, ExitEvent> }> {
    const ended = await withDirectory(async (cwd) => {
      const report = await runProgram<{ children: Ended[] }>(
        program('wait-status'),
        [end, ...numbers.map(String)],
        { cwd },
      );
      return report.children;
    });
    return { ended, exits: await exitsOf(agent(), ended, end) };
  }

  test('status 0 to 255', async () => {
    const { ended, exits } = await endEach(Array.from({ length: 256 }, (_, status) => status));
    for (const [index, { pid, status }] of ended.entries()) {
      const exit = exits.get(pid);
      assert.ok(exit);
      assert.equal(exit.signal, undefined);
      assert.equal(exit.status, index === 0 ? undefined : index);
      assert.equal(waitStatus(exit), status);
      const execs = agent().events.execs.filter(({ process }) => process.exec_id === exit.process.exec_id);
      assert.equal(execs.length, 1);
    }
  });

  test('every signal that ends a process, with core dump where there is one', async () => {
    const ends = [
      'SIGHUP',
      'SIGINT',
      'SIGQUIT',
      'SIGILL',
      'SIGTRAP',
      'SIGABRT',
      'SIGBUS',
      'SIGFPE',
      'SIGKILL',
    ];
    const signals = [
      ...ends,
      'SIGUSR1',
      'SIGSEGV',
      'SIGPIPE',
      'SIGALRM',
      'SIGTERM',
      'SIGSYS',
    ] as NodeJS.Signals[];
    const { ended, exits } = await endEach(signals.map((signal) => -constants.signals[signal]));
    for (const [index, { pid, status }] of ended.entries()) {
      const exit = exits.get(pid);
      assert.ok(exit);
      assert.equal(exit.signal, signals[index]);
      assert.equal(waitStatus(exit), status, signals[index]);
    }
  });

  for (const mode of THREAD_ENDS)
    test(`one exit of a process with threads: ${mode}`, () => runThreadExits(agent(), mode, THREAD_RUNS));

  test('a zombie has exited before it is reaped', async () => {
    const subject = new Subject(program('zombie'));
    const { child } = await subject.report<{ child: number }>();
    const ofChild = ({ process }: ExecEvent): boolean => process.pid === child;
    const [exit] = await agent().events.waitForExits('the zombie', ofChild);
    assert.equal(exit?.status, 5);
    await subject.end();
    await fence(agent());
    assert.equal(agent().events.exits.filter(ofChild).length, 1);
  });

  test('a pid that is used again and again', async () => {
    const times = 20;
    const { pid } = await runProgram<{ pid: number }>(program('reuse-pid'), [end, String(times)]);
    await fence(agent());
    const mine = (event: ExecEvent): boolean => event.process.pid === pid && event.process.binary === end;
    const execs = agent().events.execs.filter(mine);
    const exits = agent().events.exits.filter(mine);
    assert.equal(new Set(execs.map(({ process }) => process.exec_id)).size, times);
    assert.deepEqual(
      exits.map(({ process }) => process.exec_id),
      execs.map(({ process }) => process.exec_id),
    );
    assert.deepEqual(
      exits.map(({ status }) => status ?? 0),
      Array.from({ length: times }, (_, index) => index),
    );
  });

  test('the exit of a process that never called execve', async () => {
    const { workers } = await runProgram<{ workers: number[] }>(program('fork-storm'), ['4']);
    await fence(agent());
    for (const worker of workers) {
      const exits = agent().events.exits.filter(({ process }) => process.pid === worker);
      assert.equal(exits.length, 1);
      assert.equal(exits[0]?.process.binary, program('fork-storm'));
      const parent = await execOf(agent(), exits[0].parent?.pid ?? 0, program('fork-storm'));
      assert.equal(exits[0].process.parent_exec_id, parent.process.exec_id);
    }
  });
}
