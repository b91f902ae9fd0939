// SPDX-License-Identifier: Apache-2.0
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { AgentArguments } from './agent-process.ts';
import type { Workspace } from './workspace.ts';

/** As bin/merlon has them. */
const NODE_FLAGS = ['--max-semi-space-size=2', '--disable-warning=ExperimentalWarning'];
const COMPILE_CACHE = fileURLToPath(new URL('../../build/compile-cache', import.meta.url));
const SCRIPT = fileURLToPath(new URL('agent-process.ts', import.meta.url));

export interface SwitchedAgentOptions {
  /** settings beyond those that keep this agent apart from others */
  readonly flags: Readonly<Record<string, string>>;
  readonly hooks: AgentArguments['hooks'];
  /** the only CPU for all its threads */
  readonly cpu?: number;
}

/** The agent in a process of its own that stays when it is switched off. */
export class SwitchedAgent {
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #ended: Promise<never>;

  constructor(workspace: Workspace, { flags, hooks, cpu }: SwitchedAgentOptions) {
    const given: AgentArguments = { flags: { ...workspace.flags, 'log-level': 'error', ...flags }, hooks };
    const pinned = cpu === undefined ? [] : ['taskset', '-c', String(cpu)];
    const command = [...pinned, process.execPath, ...NODE_FLAGS, SCRIPT, JSON.stringify(given)];
    this.#child = spawn('env', command, {
      env: { ...process.env, NODE_COMPILE_CACHE: COMPILE_CACHE, MALLOC_ARENA_MAX: '2' },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.pid = this.#child.pid ?? 0;
    this.#ended = once(this.#child, 'exit').then(() => {
      throw new Error('The agent of the benchmark ended');
    });
    // It ends in close() as well, when nobody waits for a word.
    this.#ended.catch(() => undefined);
  }

  /** Throws when the agent's process has ended; its own message is on standard error then. */
  async turn(word: 'on' | 'off'): Promise<void> {
    const answered = once(this.#child, 'message');
    this.#child.send(word);
    await Promise.race([answered, this.#ended]);
  }

  async close(): Promise<void> {
    if (!this.#child.connected) return;
    const ended = once(this.#child, 'exit');
    this.#child.disconnect();
    await ended;
  }
}
