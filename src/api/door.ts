// SPDX-License-Identifier: Apache-2.0
import type { Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import { LogOnce } from '../base/log-once.ts';
import type { Logger } from '../base/log.ts';
import type { Settings } from '../base/settings.ts';
import type { Caller, Role } from './caller.ts';
import { identifyCaller } from './caller.ts';
import { nameConnection } from './connection-name.ts';
import type { RoleServers } from './role-servers.ts';
import type { PeerCredentialsOf } from './socket.ts';
import { descriptorOf, listen, socketPath } from './socket.ts';
import { resolveGroup } from './viewer-group.ts';
import type { AgentView } from './view.ts';

export interface Door {
  readonly path: string;
  /** Takes no new clients, gives the present ones a moment to read to the end, and removes the socket. */
  close(): Promise<void>;
}

export interface DoorOptions {
  view: AgentView;
  settings: Pick<Settings, 'runDir' | 'viewerGroup' | 'nodeName' | 'clusterName'>;
  log: Logger;
  peerCredentials: PeerCredentialsOf;
}

/** How long close() waits for clients. */
const CLOSE_MS = 1000;
/** Of each role, so that viewers and strangers cannot keep root out. */
const MAX_CONNECTIONS: Record<Role, number> = { admin: 64, viewer: 32, stranger: 8 };

/**
 * Opens the agent's one local socket: each connection is known by the credentials of its peer and goes to the gRPC server
 * of its role. Throws what listen() and resolveGroup() throw.
 */
export async function openDoor(options: DoorOptions): Promise<Door> {
  const { settings, log, peerCredentials } = options;
  const gid = settings.viewerGroup === undefined ? undefined : resolveGroup(settings.viewerGroup);
  const path = socketPath(settings.runDir);
  const connections = new Connections(options, gid);
  const listener = createServer((socket) => connections.accept(socket));
  await listen(listener, path, gid, peerCredentials);
  listener.on('error', (err) => log.error({ err }, 'The socket failed'));
  log.info({ path, viewerGroup: settings.viewerGroup }, 'Listening');
  return { path, close: () => connections.close(listener) };
}

class Connections {
  readonly #options: DoorOptions;
  readonly #viewerGid: number | undefined;
  readonly #problems: LogOnce;
  readonly #sockets = new Map<Socket, Role>();
  #servers: Promise<RoleServers> | undefined;

  constructor(options: DoorOptions, viewerGid: number | undefined) {
    this.#options = options;
    this.#viewerGid = viewerGid;
    this.#problems = new LogOnce(options.log);
  }

  accept(socket: Socket): void {
    const { log, peerCredentials } = this.#options;
    socket.on('error', ({ code }: NodeJS.ErrnoException) =>
      log.debug({ code }, 'A client connection failed'),
    );
    try {
      const caller = identifyCaller(peerCredentials(descriptorOf(socket)), this.#viewerGid);
      if (this.#admit(caller)) void this.#serve(socket, caller);
      else socket.destroy();
    } catch (err) {
      log.error({ err }, 'Cannot tell who a client of the socket is: refused');
      socket.destroy();
    }
  }

  #admit({ pid, uid, role }: Caller): boolean {
    if (role === 'stranger')
      this.#problems.warn(`uid ${uid}`, 'Refused a client of the socket', { pid, uid });
    const present = [...this.#sockets.values()].filter((other) => other === role).length;
    if (present < MAX_CONNECTIONS[role]) return true;
    const fields = { pid, uid, role };
    this.#problems.warn(`connections of ${role}`, 'Refused a client of the socket: too many', fields);
    return false;
  }

  async #serve(socket: Socket, caller: Caller): Promise<void> {
    this.#sockets.set(socket, caller.role);
    socket.once('close', () => this.#sockets.delete(socket));
    nameConnection(socket, caller);
    try {
      const servers = await this.#loadServers();
      if (!socket.destroyed) servers.serve(socket, caller.role);
    } catch (err) {
      this.#options.log.error({ err }, 'Cannot serve a client of the socket');
      socket.destroy();
    }
  }

  /**
   * gRPC takes about 30 MiB: an agent that nobody asks anything does without. What the first client sends meanwhile waits
   * in its socket, where Node's HTTP/2 session finds it.
   */
  #loadServers(): Promise<RoleServers> {
    const { view, settings } = this.#options;
    this.#servers ??= import('./role-servers.ts').then(
      ({ RoleServers }) => new RoleServers(view, settings, this.#problems),
    );
    return this.#servers;
  }

  async close(listener: Server): Promise<void> {
    const closed = new Promise((resolve) => listener.close(resolve));
    const servers = await this.#servers;
    const timeout = new AbortController();
    await Promise.race([this.#finish(servers), sleep(CLOSE_MS, timeout.signal)]);
    timeout.abort();
    servers?.destroy();
    for (const socket of this.#sockets.keys()) socket.destroy();
    await closed;
    this.#problems.close();
  }

  async #finish(servers: RoleServers | undefined): Promise<void> {
    await servers?.finish();
    const sockets = [...this.#sockets.keys()];
    await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve))));
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
