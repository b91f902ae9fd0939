// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';

export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** admin may do everything, viewer may read, stranger is refused. */
export type Role = 'admin' | 'viewer' | 'stranger';

export interface Caller extends PeerCredentials {
  readonly role: Role;
}

/**
 * What a caller may do: root and the agent's own user are admin; members of the viewer group, by primary or
 * supplementary group, are viewers.
 *
 * The credentials are those of connect(2). Supplementary groups come from /proc/PID/status, which may by then belong to
 * another process with that pid: they count only while its effective uid and gid are the ones that connected, so a reused
 * pid can lend its groups only to the same user.
 */
export function identifyCaller(peer: PeerCredentials, viewerGid: number | undefined): Caller {
  return { ...peer, role: roleOf(peer, viewerGid) };
}

function roleOf(peer: PeerCredentials, viewerGid: number | undefined): Role {
  if (peer.uid === 0 || peer.uid === process.geteuid?.()) return 'admin';
  if (viewerGid === undefined) return 'stranger';
  if (peer.gid === viewerGid || supplementaryGroups(peer).includes(viewerGid)) return 'viewer';
  return 'stranger';
}

function supplementaryGroups(peer: PeerCredentials): number[] {
  // pid 0: the caller is not visible from the agent's pid namespace
  if (peer.pid === 0) return [];
  let status: string;
  try {
    status = readFileSync(`/proc/${peer.pid}/status`, 'utf8');
  } catch {
    // it has ended: without its groups it is what its uid and gid say
    return [];
  }
  const [, effectiveUid] = numbers(status, 'Uid');
  const [, effectiveGid] = numbers(status, 'Gid');
  return effectiveUid === peer.uid && effectiveGid === peer.gid ? numbers(status, 'Groups') : [];
}

/** The numbers of a line of /proc/PID/status: `Uid:` real, effective, saved, filesystem. */
function numbers(status: string, name: string): number[] {
  const line = new RegExp(`^${name}:(.*)$`, 'm').exec(status)?.[1] ?? '';
  return line.split(/\s+/).filter(Boolean).map(Number);
}
