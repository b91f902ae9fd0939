// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseExecId } from '../support/events.ts';
import { holdIdentity, readIdentity } from '../support/identity.ts';
import type { AgentOfTests } from '../support/lookup.ts';
import { execOfIdentity, exitOf, fence } from '../support/lookup.ts';
import { program } from '../support/programs.ts';
import { Subject } from '../support/subject.ts';

const TICK_NS = 10_000_000n;
const ARGUMENTS = ['--before', 'two words', 'new\nline', ''];
/** include/linux/sched.h */
const PF_KTHREAD = 0x200000;

/** Processes that are there when the agent starts: a living one with a child, and a zombie. */
export class EarlierProcesses {
  #living: Subject | undefined;
  #zombie: Subject | undefined;

  async start(): Promise<void> {
    this.#living = holdIdentity([program('identity'), ...ARGUMENTS], { cwd: '/proc', env: { EXIT: '3' } });
    this.#zombie = new Subject(program('zombie'));
    await this.#living.report();
    await this.#zombie.report();
  }

  get living(): Subject {
    assert.ok(this.#living);
    return this.#living;
  }

  get zombie(): Subject {
    assert.ok(this.#zombie);
    return this.#zombie;
  }
}

export function earlierTests(agent: AgentOfTests, earlier: EarlierProcesses): void {
  test('are reported with their start, arguments and directory, and their exits by the same exec_id', async () => {
    const identity = await readIdentity(earlier.living);
    const exec = await execOfIdentity(agent(), identity);
    assert.match(exec.process.flags ?? '', /^procFS/);
    assert.equal(parseExecId(exec.process.exec_id).ktime / TICK_NS, BigInt(identity.startTick));
    assert.equal(exec.process.cwd, '/proc');
    assert.deepEqual(exec.merlon.argv, [program('identity'), ...ARGUMENTS]);
    assert.deepEqual(
      exec.merlon.ancestry.map(({ pid, binary }) => ({ pid, binary })),
      identity.chain,
    );
    assert.equal(exec.process.environment_variables?.find(({ Key }) => Key === 'EXIT')?.Value, '3');

    assert.equal(await earlier.living.end(), 3);
    const exit = await exitOf(agent(), exec);
    assert.equal(exit.status, 3);
    assert.equal(exit.process.start_time, exec.process.start_time);
  });

  test('a zombie has ended: neither an exec nor an exit when it is reaped', async () => {
    const { child } = await earlier.zombie.report<{ child: number }>();
    await earlier.zombie.end();
    await fence(agent());
    const { execs, exits } = agent().events;
    assert.equal([...execs, ...exits].filter(({ process }) => process.pid === child).length, 0);
    assert.equal(exits.filter(({ process }) => process.pid === earlier.zombie.pid).length, 1);
  });

  test('threads of the kernel are left out', async () => {
    await fence(agent());
    const kernelThreads = new Set(readdirSync('/proc').map(Number).filter(isKernelThread));
    assert.ok(kernelThreads.has(2));
    const { execs, exits } = agent().events;
    const reported = [...execs, ...exits].filter(({ process }) => kernelThreads.has(process.pid));
    assert.deepEqual(reported, []);
  });
}

function isKernelThread(pid: number): boolean {
  if (!Number.isInteger(pid)) return false;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const flags = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[6];
    return (Number(flags) & PF_KTHREAD) !== 0;
  } catch {
    // It has ended since the directory was read.
    return false;
  }
}
