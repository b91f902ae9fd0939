// SPDX-License-Identifier: Apache-2.0
import { chmodSync, chownSync, lstatSync, mkdirSync, unlinkSync } from 'node:fs';
import type { Server, Socket } from 'node:net';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { AgentError, ErrorCode } from '../base/errors.ts';
import type { PeerCredentials } from './caller.ts';

/** struct sockaddr_un has room for 108 bytes with the final NUL. */
const LONGEST_PATH = 107;

/** Reads the credentials of the peer of a connected unix socket from its descriptor. */
export type PeerCredentialsOf = (fd: number) => PeerCredentials;

export function socketPath(runDir: string): string {
  return join(runDir, 'merlon.sock');
}

/**
 * Lets the server listen on the socket: mode 0600, or 0660 and the group when there is one. The file of an agent that is
 * gone is replaced. The caller holds the agent's lock, so no second agent does the same at this moment.
 * Throws ERR_ALREADY_RUNNING with the pid when an agent answers there.
 */
export async function listen(
  server: Server,
  path: string,
  gid: number | undefined,
  credentials: PeerCredentialsOf,
): Promise<void> {
  if (Buffer.byteLength(path) > LONGEST_PATH) {
    throw new AgentError(
      ErrorCode.Setting,
      `Cannot use "${path}" as a socket: expected at most ${LONGEST_PATH} bytes`,
      {
        remedy: 'Choose a shorter run-dir.',
      },
    );
  }
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  await removeStale(path, credentials);
  const listening = new Promise((resolve, reject) => server.once('listening', resolve).once('error', reject));
  // listen() itself binds, so the file never has another mode than the one this umask leaves, and the umask is back
  // before anything else in the process creates a file.
  const umask = process.umask(0o177);
  try {
    server.listen(path);
  } finally {
    process.umask(umask);
  }
  await listening;
  if (gid !== undefined) {
    chownSync(path, -1, gid);
    chmodSync(path, 0o660);
  }
}

async function removeStale(path: string, credentials: PeerCredentialsOf): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) {
    throw new AgentError(ErrorCode.Setting, `Cannot listen on "${path}": a file that is no socket is there`, {
      remedy: 'Remove it or choose another run-dir.',
    });
  }
  const socket = await tryConnect(path);
  if (socket === undefined) {
    unlinkSync(path);
    return;
  }
  // On the connecting side SO_PEERCRED names the process that called listen(2).
  const { pid } = credentials(descriptorOf(socket));
  socket.destroy();
  throw new AgentError(
    ErrorCode.AlreadyRunning,
    `Cannot listen on "${path}": the agent with pid ${pid} does`,
    {
      remedy: `Stop it first ("kill ${pid}"), or give this one another run-dir and bpf-dir.`,
    },
  );
}

/** A connected socket, or undefined when nothing listens. */
async function tryConnect(path: string): Promise<Socket | undefined> {
  const socket = connect(path);
  try {
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return socket;
  } catch (error) {
    socket.destroy();
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ECONNREFUSED' || code === 'ENOENT') return undefined;
    throw new AgentError(
      ErrorCode.AlreadyRunning,
      `Cannot tell whether an agent listens on "${path}": ${code}`,
      { cause: error },
    );
  }
}

/**
 * The file descriptor of a connected socket. Node has no public way to it; libuv's handle has carried `fd` in every
 * version since 0.6, and a missing one is an error here rather than an unknown caller.
 */
export function descriptorOf(socket: Socket): number {
  const { _handle: handle } = socket as unknown as { _handle?: { fd?: number } | null };
  if (typeof handle?.fd !== 'number' || handle.fd < 0) {
    throw new AgentError(
      ErrorCode.Internal,
      'Cannot get the descriptor of a connection: the handle has none',
    );
  }
  return handle.fd;
}
