// SPDX-License-Identifier: Apache-2.0
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NamespaceKind } from '../../../src/policy/model.ts';
import { program } from '../support/programs.ts';
import { Subject, runProgram } from '../support/subject.ts';
import type { CallReport, Run, Stage } from './case.ts';

/** S_IFSOCK, S_IFBLK, S_IFCHR, S_IFIFO with permissions */
const NODES = { socket: '0140755', block: '0060644', character: '0020644', fifo: '0010644' };
/** Device 240:0: for local use, and nobody opens it. */
const DEVICE = String(240 << 8);
const WAITING = 3;

const NAMESPACE_FILES: Readonly<Record<NamespaceKind, string>> = {
  ...{ Uts: 'uts', Ipc: 'ipc', Mnt: 'mnt', Pid: 'pid', PidForChildren: 'pid_for_children', Net: 'net' },
  ...{ Time: 'time', TimeForChildren: 'time_for_children', Cgroup: 'cgroup', User: 'user' },
};

/** Files and processes that the cases use. */
export class OpenStage implements Stage {
  readonly directory = mkdtempSync(join(tmpdir(), 'merlon-stage-'));
  readonly call = join(this.directory, 'call');
  readonly otherCall = join(this.directory, 'other-call');
  readonly #subjects: Subject[] = [];

  static async open(): Promise<OpenStage> {
    const stage = new OpenStage();
    const { directory, call, otherCall } = stage;
    for (const copy of [call, otherCall]) copyFileSync(program('call'), copy);
    for (const name of ['plain', 'other']) writeFileSync(join(directory, name), '', { mode: 0o644 });
    mkdirSync(join(directory, 'folder'), { mode: 0o755 });
    symlinkSync('plain', join(directory, 'link'));
    const nodes = Object.entries(NODES).map(
      ([name, mode]) => `mknodat -100 =${directory}/${name} ${mode} ${DEVICE}`,
    );
    await runProgram(call, nodes.join(' ; ').split(' '));
    for (let n = 0; n < WAITING; n++) stage.#subjects.push(new Subject(call, ['wait']));
    return stage;
  }

  get waiting(): number[] {
    return this.#subjects.map(({ pid }) => pid);
  }

  namespace(kind: NamespaceKind): number {
    return statSync(`/proc/self/ns/${NAMESPACE_FILES[kind]}`).ino;
  }

  async run(run: Run): Promise<CallReport> {
    const { steps, program: path = this.call, through = [], waiting } = asObject(run);
    if (waiting !== undefined) return await this.#goOn(waiting, steps);
    const [command = '', ...args] = [...through, path, ...steps.split(' ')];
    return await runProgram<CallReport>(command, args);
  }

  async #goOn(waiting: number, steps: string): Promise<CallReport> {
    const subject = this.#subjects[waiting];
    if (subject === undefined) throw new RangeError(`Nobody waits as number ${waiting}`);
    subject.write(Buffer.from(steps));
    await subject.end();
    return await subject.report<CallReport>();
  }

  async close(): Promise<void> {
    for (const subject of this.#subjects) await subject.end();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

function asObject(run: Run): Exclude<Run, string> {
  return typeof run === 'string' ? { steps: run } : run;
}
