// SPDX-License-Identifier: Apache-2.0
import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { eventually } from './wait.ts';

const running = new Set<Subject>();

/** Ends what a failed test has left; otherwise this process would wait for it. */
export async function endSubjects(): Promise<void> {
  await Promise.all([...running].map((subject) => subject.end()));
}

/** A process under test that reports lines of JSON and waits until its standard input ends. */
export class Subject {
  readonly #child: ChildProcess;
  #output = '';
  #errors = '';

  /** The environment is empty but for PATH and what `options` give. */
  constructor(path: string, args: string[] = [], options: SpawnOptions = {}) {
    const env = { PATH: process.env.PATH ?? '', ...options.env };
    this.#child = spawn(path, args, { ...options, env, stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#errors += text));
    running.add(this);
    // A program that does not read its input may have ended before it was written.
    this.#child.stdin?.on('error', () => undefined);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Writes to its standard input. */
  write(bytes: Uint8Array): void {
    this.#child.stdin?.write(bytes);
  }

  /** The nth report, counted from 0. */
  async report<T>(index = 0): Promise<T> {
    return await eventually(`report ${index} of ${this.#child.spawnargs.join(' ').slice(0, 200)}`, () => {
      const line = this.#output.split('\n').slice(0, -1)[index];
      if (line !== undefined) return JSON.parse(line) as T;
      if (this.#hasEnded) throw new Error(`No report, but: ${this.#errors} (${this.#child.exitCode})`);
      return undefined;
    });
  }

  /** Lets it end; returns when it has. */
  async end(): Promise<number | NodeJS.Signals> {
    const closed = this.#hasEnded ? undefined : once(this.#child, 'close');
    this.#child.stdin?.end();
    await closed;
    running.delete(this);
    return this.#child.exitCode ?? this.#child.signalCode ?? -1;
  }

  get #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }
}

/** Runs a program to its end and returns its last report. Throws when it fails. */
export async function runProgram<T>(
  path: string,
  args: string[] = [],
  options: SpawnOptions = {},
): Promise<T> {
  const subject = new Subject(path, args, options);
  const status = await subject.end();
  if (status !== 0) throw new Error(`${path} ${args.join(' ').slice(0, 200)} ended with ${status}`);
  return await subject.report<T>();
}
