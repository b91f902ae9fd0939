// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const COMMANDS = {
  merlon: ['bin/merlon', 'run'],
  npm: ['npm', 'start', '--silent', '--'],
} as const;

/** The agent as a user starts it. */
export class Merlon {
  readonly pid: number;
  /** milliseconds from its start to the first line on standard output */
  readonly firstEventMs: Promise<number>;
  /** milliseconds from its start to the line "Watching" of its log; rejects when it ends before */
  readonly watchingMs: Promise<number>;
  readonly #ended: Promise<unknown>;
  #isRunning = true;

  constructor(flags: Readonly<Record<string, string>>, by: keyof typeof COMMANDS = 'merlon') {
    const startedAt = performance.now();
    const args = Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
    const [file, ...before] = COMMANDS[by];
    const child = spawn(file, [...before, ...args], {
      cwd: ROOT,
      // A group of its own: npm does not pass a signal on to what it has started.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.pid = child.pid ?? 0;
    this.#ended = once(child, 'close');
    this.firstEventMs = once(child.stdout, 'data').then(() => performance.now() - startedAt);
    this.watchingMs = new Promise((resolve, reject) => {
      const log = createInterface({ input: child.stderr });
      log.on('line', (line) => {
        if (line.includes('"msg":"Watching"')) resolve(performance.now() - startedAt);
        else if (line.includes('"level":"error"')) process.stderr.write(`${line}\n`);
      });
      child.on('close', (code) => {
        this.#isRunning = false;
        reject(new Error(`The agent ended with ${code ?? 'a signal'}`));
      });
    });
    child.stdout.resume();
  }

  /** Stops it cleanly; does nothing when it has ended. */
  async stop(): Promise<void> {
    try {
      if (this.#isRunning) process.kill(-this.pid, 'SIGTERM');
    } catch (error) {
      // It has just ended by itself.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
    await this.#ended;
  }
}
