// SPDX-License-Identifier: Apache-2.0
import * as fs from 'node:fs';
import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** One way to write to a descriptor without waiting in the calling thread. One write at a time. */
export interface Transport {
  /** Resolves when all bytes are taken; rejects with errno in `code`, and with `written` where part of them was. */
  write(bytes: Uint8Array): Promise<void>;
  /** Lets go, also of a write that the reader holds up. */
  close(): void;
}

/** How often a terminal that was full is tried again; it empties by itself and cannot be polled through a public API. */
const TERMINAL_RETRY_MS = 5;

/**
 * The transport for an inherited descriptor. A pipe or terminal is opened a second time without blocking: O_NONBLOCK on
 * the descriptor itself would hold for every process that shares it, the user's shell among them. A blocking write in
 * Node's thread pool is no way out: a thread that a stopped reader holds keeps the process from ending.
 */
export function openTransport(fd: number): Transport {
  const stats = fs.fstatSync(fd);
  if (stats.isFile()) return new FileTransport(fd);
  if (stats.isSocket()) return new SocketTransport(fd, false);
  const again = reopen(fd);
  if (stats.isFIFO()) return new SocketTransport(again ?? fd, again !== undefined);
  return again === undefined ? new FileTransport(fd) : new TerminalTransport(again);
}

/** Fails without /proc, or for a terminal that belongs to another user. */
function reopen(fd: number): number | undefined {
  const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = fs.constants;
  try {
    return fs.openSync(`/proc/self/fd/${fd}`, O_WRONLY | O_NONBLOCK | O_NOCTTY);
  } catch {
    return undefined;
  }
}

class SocketTransport implements Transport {
  readonly #socket: Socket;
  readonly #ours: boolean;

  constructor(fd: number, ours: boolean) {
    this.#ours = ours;
    this.#socket = new Socket({ fd, readable: false, writable: true });
    // Each write reports its own error.
    this.#socket.on('error', () => {});
  }

  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** A descriptor that was inherited stays open: its number must not pass to another file. */
  close(): void {
    if (this.#ours) this.#socket.destroy();
    else this.#socket.unref();
  }
}

class TerminalTransport implements Transport {
  readonly #fd: number;
  readonly #closed = new AbortController();

  constructor(fd: number) {
    this.#fd = fd;
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      try {
        at += fs.writeSync(this.#fd, bytes, at, bytes.length - at);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
        await sleep(TERMINAL_RETRY_MS, undefined, { signal: this.#closed.signal });
      }
    }
  }

  close(): void {
    this.#closed.abort();
    fs.closeSync(this.#fd);
  }
}

class FileTransport implements Transport {
  readonly #fd: number;

  constructor(fd: number) {
    this.#fd = fd;
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.#writeSome(bytes, at);
  }

  close(): void {}

  #writeSome(bytes: Uint8Array, at: number): Promise<number> {
    return new Promise((resolve, reject) => {
      fs.write(this.#fd, bytes, at, bytes.length - at, null, (error, written) => {
        if (error === null) resolve(written);
        else reject(Object.assign(error, { written: at }));
      });
    });
  }
}
