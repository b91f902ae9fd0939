// SPDX-License-Identifier: Apache-2.0
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MERLON } from './command.ts';
import { ExportLog } from './export-log.ts';
import { eventually } from './wait.ts';

/** Directories of an agent of its own: tests run beside each other and beside the machine's agent. */
export class Places {
  readonly directory = mkdtempSync(join(tmpdir(), 'merlon-test-'));
  readonly runDir = join(this.directory, 'run');
  readonly bpfDir = `/sys/fs/bpf/${this.directory.slice(this.directory.lastIndexOf('/') + 1)}`;
  readonly exportFile = join(this.directory, 'events.json');

  /** Removes everything, pins of an agent that did not end cleanly included. */
  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
    if (existsSync(this.bpfDir)) rmSync(this.bpfDir, { recursive: true });
  }
}

export interface AgentOptions {
  readonly flags?: string[];
  /** takes part in what an earlier agent left there */
  readonly places?: Places;
  /** how many agents were killed in these places */
  readonly killed?: number;
  /** of another build */
  readonly command?: string;
  /** added to this process's own */
  readonly environment?: NodeJS.ProcessEnv;
  /** lines of the export file to keep, as events; by default those of this process and its descendants */
  readonly wanted?: (line: string) => boolean;
}

/** A line of the agent's log. */
export type LogLine = Record<string, unknown> & { msg: string };

/** `merlon run` with an export file, as a process of its own. */
export class Agent {
  readonly places: Places;
  readonly events: ExportLog;
  readonly #child: ChildProcess;
  readonly #logPath: string;
  readonly #killWithTest: () => void;

  /** Returns when the agent watches. */
  static async start(options: AgentOptions = {}): Promise<Agent> {
    const places = options.places ?? new Places();
    if (!existsSync(places.exportFile)) writeFileSync(places.exportFile, '', { mode: 0o600 });
    const agent = new Agent(places, options);
    await eventually('the agent to watch', () => {
      agent.#checkRunning();
      return agent.log().find(({ msg }) => msg === 'Watching');
    });
    return agent;
  }

  private constructor(places: Places, options: AgentOptions) {
    this.places = places;
    this.events = new ExportLog(places.exportFile, options.wanted ?? isOurs, options.killed);
    const flags = ['--quiet', '--export', places.exportFile, '--export-file-max-size', '1024GiB'];
    this.#child = spawn(
      options.command ?? MERLON,
      ['run', '--run-dir', places.runDir, '--bpf-dir', places.bpfDir, ...flags, ...(options.flags ?? [])],
      {
        stdio: ['ignore', 'ignore', 'pipe'],
        // A test ends its agent by any means and removes what that left; test/kernel/self-protection.test.ts asks for it.
        env: { ...process.env, MERLON_SELF_PROTECTION: 'off', ...options.environment },
      },
    );
    this.#logPath = join(places.directory, `log-${this.pid}`);
    writeFileSync(this.#logPath, '');
    this.#child.stderr?.on('data', (bytes: Buffer) => writeFileSync(this.#logPath, bytes, { flag: 'a' }));
    this.#killWithTest = () => void this.#child.kill('SIGKILL');
    process.once('exit', this.#killWithTest);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** What the agent has logged so far. */
  log(): LogLine[] {
    const lines = readFileSync(this.#logPath, 'utf8').split('\n').slice(0, -1);
    return lines.map((line) => (line.startsWith('{') ? (JSON.parse(line) as LogLine) : { msg: line }));
  }

  /** Resident memory, bytes. */
  residentBytes(): number {
    const [, kibibytes] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8')) ?? [];
    return Number(kibibytes) * 1024;
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }

  /** A clean stop. Returns the exit status; what the agent has written is in `events`. */
  async stop(): Promise<number> {
    return (await this.#end('SIGTERM')) ?? -1;
  }

  /** kill -9: everything stays as it is. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Whatever the state: ends the agent and removes all that it or a killed one left. */
  async dispose(): Promise<void> {
    await this.#end('SIGTERM');
    this.events.close();
    this.places.remove();
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    if (this.#isRunning) {
      const ended = once(this.#child, 'close');
      this.#child.kill(signal);
      await ended;
      this.events.look();
    }
    process.off('exit', this.#killWithTest);
    return this.#child.exitCode;
  }

  get #isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  #checkRunning(): void {
    if (this.#isRunning) return;
    const { exitCode, signalCode } = this.#child;
    throw new Error(
      `The agent ended with ${exitCode ?? signalCode}: ${JSON.stringify(this.log().slice(-5))}`,
    );
  }
}

const OUR_PID = `"pid":${process.pid},`;

/** Other processes of the machine use the same pids sooner or later; but only ours have this one among their ancestors. */
export function isOurs(line: string): boolean {
  return line.includes(OUR_PID);
}

/** Also those of processes that this run of the agent does not know: they have no ancestors, but their exec_id is right. */
export function isOursOrUnknown(line: string): boolean {
  return isOurs(line) || line.includes('"enrichment":"process_unknown"');
}
