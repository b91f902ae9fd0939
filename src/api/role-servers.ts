// SPDX-License-Identifier: Apache-2.0
import type { ConnectionInjector } from '@grpc/grpc-js';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { Socket } from 'node:net';
import type { LogOnce } from '../base/log-once.ts';
import type { Settings } from '../base/settings.ts';
import type { Role } from './caller.ts';
import { EventStreams } from './event-streams.ts';
import { policyMethods, refusedPolicyMethods } from './policy-methods.ts';
import { addRefusal, addServices } from './services.ts';
import type { AgentView } from './view.ts';

/** Requests are small but for the policies that an admin adds. */
const MAX_REQUEST_BYTES = 64 * 1024;
const MAX_ADMIN_REQUEST_BYTES = 64 * 1024 * 1024;
const MAX_CALLS_PER_CONNECTION = 32;

interface RoleServer {
  readonly server: Server;
  readonly injector: ConnectionInjector;
}

/** A gRPC server for each role: what a role may not do is not registered there. */
export class RoleServers {
  readonly #streams: EventStreams;
  readonly #servers: Record<Role, RoleServer>;

  constructor(view: AgentView, settings: Pick<Settings, 'nodeName' | 'clusterName'>, problems: LogOnce) {
    this.#streams = new EventStreams(view, settings, problems);
    this.#servers = {
      admin: roleServer(MAX_ADMIN_REQUEST_BYTES, (server) =>
        addServices(server, view, this.#streams, policyMethods(view.policyChanges)),
      ),
      viewer: roleServer(MAX_REQUEST_BYTES, (server) =>
        addServices(server, view, this.#streams, refusedPolicyMethods()),
      ),
      stranger: roleServer(MAX_REQUEST_BYTES, addRefusal),
    };
  }

  /** Serves a connection that nobody else has read from; what came meanwhile is in its buffer. */
  serve(socket: Socket, role: Role): void {
    this.#servers[role].injector.injectConnection(socket);
  }

  /**
   * Ends every call with what it still has to say, then the connections. Not settled by the last bytes: a call counts as
   * ended before they have left, and tryShutdown does not wait for a session that Node has begun to close.
   */
  async finish(): Promise<void> {
    await this.#streams.end();
    for (const { server } of Object.values(this.#servers)) server.tryShutdown(() => undefined);
  }

  /** Cuts off whoever is left. */
  destroy(): void {
    for (const { server } of Object.values(this.#servers)) server.forceShutdown();
  }
}

function roleServer(maxRequestBytes: number, register: (server: Server) => void): RoleServer {
  const server = new Server({
    'grpc.max_receive_message_length': maxRequestBytes,
    'grpc.max_concurrent_streams': MAX_CALLS_PER_CONNECTION,
  });
  register(server);
  return { server, injector: server.createConnectionInjector(ServerCredentials.createInsecure()) };
}
