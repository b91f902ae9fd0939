// SPDX-License-Identifier: Apache-2.0
import type { Socket } from 'node:net';
import type { Caller } from './caller.ts';

/**
 * Makes `call.getPeer()` name the caller: grpc-js reads the socket's remoteAddress, which a unix socket does not have,
 * and offers no other way from a call to its connection.
 */
export function nameConnection(socket: Socket, { pid, uid, role }: Caller): void {
  Object.defineProperty(socket, 'remoteAddress', { value: `pid=${pid} uid=${uid} role=${role}` });
}

/** What nameConnection wrote. */
export function parsePeer(peer: string): { pid: number; uid: number; role: string } {
  const fields = new Map(peer.split(' ').map((field) => field.split('=', 2) as [string, string]));
  return { pid: Number(fields.get('pid')), uid: Number(fields.get('uid')), role: fields.get('role') ?? '' };
}
