// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, openSync, statSync } from 'node:fs';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { EndMark } from './end-mark.ts';
import { writeInitramfs } from './initramfs.ts';
import type { GuestKernel } from './kernel.ts';
import { PORTS, type Port, qemuCommand } from './qemu.ts';
import { Virtiofsd } from './virtiofsd.ts';

export interface GuestRun {
  kernel: GuestKernel;
  /** absolute; the only directory whose changes outlive the guest, and where the command runs */
  repository: string;
  command: string[];
  environment: Record<string, string>;
  cpus: number;
  memory: string;
  append: string;
  timeoutMs: number;
  stdin: Readable | undefined;
  stdout: Writable;
  stderr: Writable;
  /** ends the guest early */
  signal: AbortSignal;
}

/** How a run ended; everything but `exited` comes with the end of the guest's console. */
export type GuestEnd =
  { how: 'exited'; status: number } | { how: 'timeout' | 'crashed' | 'stopped'; console: string };

/** Lines of the console that explain a run without an exit status. */
const CONSOLE_TAIL_LINES = 60;

/** The directory of a run: this, the process's id, a dash and letters. */
const RUN_PREFIX = join(tmpdir(), 'merlon-vm-');

/** Boots a guest, runs the command in it, and removes everything that it made, whatever happens. */
export async function runGuest(run: GuestRun): Promise<GuestEnd> {
  await removeAbandoned();
  const directory = await mkdtemp(`${RUN_PREFIX}${process.pid}-`);
  const undo: (() => Promise<void> | void)[] = [() => rm(directory, { recursive: true, force: true })];
  try {
    const mark = randomBytes(16).toString('hex');
    const shared = join(run.repository, '../shared');
    const initramfs = await writeInitramfs(run.kernel, directory, {
      settings: shellAssignments({
        repository: run.repository,
        shared: existsSync(shared) && statSync(shared).isDirectory() ? shared : '',
        kernel_files: run.kernel.directory,
        mark,
      }),
      command: commandScript(run),
    });
    const streams = await openPorts(directory, undo);
    const virtiofsd = await Virtiofsd.start(join(directory, 'virtiofsd'), join(directory, 'virtiofsd.log'));
    undo.push(() => virtiofsd.stop());
    const [program, ...args] = qemuCommand({ ...run, initramfs, directory });
    const log = openSync(join(directory, 'console'), 'a');
    const qemu = spawn('setpriv', ['--pdeathsig', 'KILL', program ?? '', ...args], {
      stdio: ['ignore', log, log],
      detached: true,
    });
    undo.push(() => stopProcess(qemu));
    const how = await follow(run, qemu, streams, mark);
    if (typeof how === 'number') return { how: 'exited', status: how };
    const console = await readFile(join(directory, 'console'), 'utf8');
    return { how, console: console.trimEnd().split(/\r?\n/).slice(-CONSOLE_TAIL_LINES).join('\n') };
  } finally {
    for (const action of undo.toReversed()) await action();
  }
}

/** The exit status when both outputs have ended; otherwise what ended the run. */
async function follow(
  run: GuestRun,
  qemu: ChildProcess,
  streams: Record<Port, Promise<Socket>>,
  mark: string,
): Promise<number | 'timeout' | 'crashed' | 'stopped'> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve('timeout'), run.timeoutMs);
    run.signal.addEventListener('abort', () => resolve('stopped'));
    qemu.on('error', reject);
    qemu.on('exit', () => resolve('crashed'));
    const ended: number[] = [];
    const outputs = [
      { stream: streams.stdout, to: run.stdout },
      { stream: streams.stderr, to: run.stderr },
    ];
    for (const { stream, to } of outputs) {
      const filter = new EndMark(mark, (status) => {
        if (ended.push(status) < outputs.length) return;
        clearTimeout(timer);
        resolve(status);
      });
      stream.then((socket) => socket.on('error', reject).pipe(filter).pipe(to, { end: false }), reject);
    }
    streams.stdin.then((socket) => {
      // The guest may end while there is more to send.
      socket.on('error', () => undefined);
      if (run.stdin === undefined) socket.end();
      else run.stdin.pipe(socket);
    }, reject);
  });
}

/** Listens on a socket for each port; QEMU connects to each once. */
async function openPorts(
  directory: string,
  undo: (() => Promise<void> | void)[],
): Promise<Record<Port, Promise<Socket>>> {
  const streams: Partial<Record<Port, Promise<Socket>>> = {};
  for (const port of PORTS) {
    const server = createServer({ allowHalfOpen: true });
    server.listen(join(directory, port));
    await once(server, 'listening');
    undo.push(() => void server.close());
    streams[port] = new Promise((resolve) =>
      server.on('connection', (socket) => {
        undo.push(() => void socket.destroy());
        resolve(socket);
      }),
    );
  }
  return streams as Record<Port, Promise<Socket>>;
}

async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

function commandScript(run: GuestRun): string {
  const exports = Object.entries(run.environment).map(
    ([name, value]) => `export ${name}=${shellQuote(value)}`,
  );
  const words = run.command.map(shellQuote).join(' ');
  return [...exports, `cd ${shellQuote(run.repository)}`, `exec ${words}`, ''].join('\n');
}

function shellAssignments(values: Record<string, string>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${shellQuote(value)}\n`)
    .join('');
}

function shellQuote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Removes the directories of runs whose process was killed; their guests ended with it (--pdeathsig). */
async function removeAbandoned(): Promise<void> {
  for (const entry of await readdir(tmpdir())) {
    const path = join(tmpdir(), entry);
    const pid = path.startsWith(RUN_PREFIX) ? parseInt(path.slice(RUN_PREFIX.length), 10) : NaN;
    if (pid > 0 && !existsSync(`/proc/${pid}`)) await rm(path, { recursive: true, force: true });
  }
}
