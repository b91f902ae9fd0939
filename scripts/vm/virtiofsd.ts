// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, openSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { AgentError, ErrorCode } from '../../src/base/errors.ts';

/** QEMU 7.2's own (Debian 12) and the separate program (Debian 13, which links it at the old place too). */
const OLD = '/usr/lib/qemu/virtiofsd';
const NEW = '/usr/libexec/virtiofsd';

/** A virtiofsd that shares this machine's root for one guest. */
export class Virtiofsd {
  readonly #child: ChildProcess;
  readonly #socket: string;
  #failure: string | undefined;

  private constructor(child: ChildProcess, socket: string) {
    this.#child = child;
    this.#socket = socket;
    child.on('error', (error) => (this.#failure = error.message));
    child.on('exit', (code, signal) => (this.#failure ??= `it ended with ${signal ?? code}`));
  }

  /** Starts it; resolves when its socket is there. Its messages go to the file `log`. */
  static async start(socket: string, log: string): Promise<Virtiofsd> {
    // cache=always: with auto an exec of a dynamic program costs 235 ms. xattr carries file capabilities. The
    // namespace sandbox cannot pivot_root into the root that it has.
    // An announced submount is an automount point, which overlayfs refuses to enter (EREMOTE).
    const options = ['--cache=always', '--sandbox=chroot', '--xattr', '--no-announce-submounts'];
    const command = existsSync(NEW)
      ? [NEW, `--socket-path=${socket}`, '--shared-dir=/', ...options]
      : [OLD, `--socket-path=${socket}`, '-o', 'source=/,cache=always,sandbox=chroot,xattr,log_level=warn'];
    const output = openSync(log, 'a');
    // It ends with this process even if that is killed.
    const child = spawn('setpriv', ['--pdeathsig', 'TERM', ...command], {
      stdio: ['ignore', output, output],
      detached: true,
    });
    const daemon = new Virtiofsd(child, socket);
    while (!(await isListening(socket))) {
      if (daemon.#failure !== undefined)
        throw new AgentError(ErrorCode.Internal, `virtiofsd did not start: ${daemon.#failure}`, {
          remedy: `It wrote: ${(await readFile(log, 'utf8')).trim() || 'nothing'}`,
        });
      await sleep(10);
    }
    return daemon;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null && this.#child.kill('SIGTERM'))
      await once(this.#child, 'exit');
    // QEMU's own leaves its lock file, named after the socket.
    await rm(`/run/virtiofsd/${this.#socket.replaceAll('/', '.')}.pid`, { force: true });
  }
}

/** The socket's file is there a moment before its owner listens; /proc/net/unix knows (__SO_ACCEPTCON). */
async function isListening(socket: string): Promise<boolean> {
  const sockets = await readFile('/proc/net/unix', 'utf8');
  return sockets.split('\n').some((line) => line.endsWith(` ${socket}`) && line.split(' ')[3] === '00010000');
}
