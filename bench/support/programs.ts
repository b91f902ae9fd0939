// SPDX-License-Identifier: Apache-2.0
import type { ChildProcessByStdio } from 'node:child_process';
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

const SOURCES = fileURLToPath(new URL('../programs/', import.meta.url));
const BINARIES = fileURLToPath(new URL('../../build/bench/', import.meta.url));

/** Compiles bench/programs/NAME.c as a static binary, unless that is done; returns its path. */
export function compile(name: string): string {
  const source = `${SOURCES}${name}.c`;
  const binary = `${BINARIES}${name}`;
  const built = statSync(binary, { throwIfNoEntry: false });
  if (built === undefined || built.mtimeMs < statSync(source).mtimeMs) {
    mkdirSync(BINARIES, { recursive: true });
    execFileSync('cc', ['-O2', '-Wall', '-Wextra', '-Werror', '-static', '-o', binary, source]);
  }
  return binary;
}

/** A program that answers each line on its standard input with one line of JSON. */
export class Worker<Answer> {
  readonly pid: number;
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;

  /** `cpu`: the only CPU that it may use. */
  constructor(binary: string, args: readonly string[] = [], cpu?: number) {
    const command = cpu === undefined ? [] : ['taskset', '-c', String(cpu)];
    const [file = binary, ...rest] = [...command, binary, ...args];
    this.#child = spawn(file, rest, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.pid = this.#child.pid ?? 0;
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** Throws when the program has ended instead of answering. */
  async ask(line: string): Promise<Answer> {
    this.#child.stdin.write(`${line}\n`);
    const answer = await this.#lines.next();
    if (answer.done === true)
      throw new Error(`A program of the benchmark ended: ${this.#child.spawnargs.join(' ')}`);
    return JSON.parse(answer.value) as Answer;
  }

  close(): void {
    this.#child.stdin.end();
  }
}
