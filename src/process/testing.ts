// SPDX-License-Identifier: Apache-2.0
import type { ExecRecord, ExitRecord, ForkRecord } from '../events/record.ts';

const HOST = 0xefff_fff0;

/** Records for tests: what a case is about is given, the rest is plausible. */
export function execRecord(
  changes: Partial<Omit<ExecRecord, 'args' | 'path' | 'process'>> & {
    tgid: number;
    startTime: bigint;
    path?: string;
    args?: string | Uint8Array;
  },
): ExecRecord {
  const { tgid, startTime, path = '/usr/bin/true', args = `${path}\0`, ...rest } = changes;
  const imageTime = rest.imageTime ?? startTime + 100n;
  return {
    header: { cpu: 0, lane: 0, seq: 1, ktime: imageTime },
    process: { tgid, startTime },
    parent: { tgid: 1, imageTime: 10n },
    realParent: { tgid: 1, startTime: 10n },
    imageTime,
    cgroupId: 1n,
    inode: 42n,
    inodeLinks: 1,
    dev: (8 << 20) | 1,
    mountId: 29,
    tid: tgid,
    nsTgid: tgid,
    auid: 0xffff_ffff,
    sessionId: 0xffff_ffff,
    sid: tgid,
    tty: 0,
    argc: 1,
    flags: 0,
    credentials: {
      ...{ uid: 0, gid: 0, euid: 0, egid: 0, suid: 0, sgid: 0, fsuid: 0, fsgid: 0 },
      ...{ securebits: 0, userNsLevel: 0, userNsOwnerUid: 0, userNsOwnerGid: 0 },
      ...{ capPermitted: 0x1ff_ffff_ffffn, capEffective: 0x1ff_ffff_ffffn, capInheritable: 0n },
    },
    namespaces: {
      ...{ uts: HOST + 1, ipc: HOST + 2, mnt: HOST + 3, pid: HOST + 4, pidForChildren: HOST + 4 },
      ...{ net: HOST + 5, time: HOST + 6, timeForChildren: HOST + 6, cgroup: HOST + 7, user: HOST + 8 },
    },
    path: Buffer.from(path),
    cwd: Buffer.from('/'),
    args: typeof args === 'string' ? Buffer.from(args) : args,
    script: new Uint8Array(),
    root: new Uint8Array(),
    cgroup: Buffer.from('/'),
    env: new Uint8Array(),
    ...rest,
  };
}

export function forkRecord(
  tgid: number,
  startTime: bigint,
  parent: { tgid: number; imageTime: bigint },
): ForkRecord {
  const header = { cpu: 0, lane: 0, seq: 1, ktime: startTime };
  return { header, process: { tgid, startTime }, parent, nsTgid: tgid, cgroupId: 1n };
}

export function exitRecord(tgid: number, startTime: bigint, imageTime: bigint, code = 0): ExitRecord {
  const header = { cpu: 0, lane: 0, seq: 1, ktime: startTime + 1000n };
  return { header, process: { tgid, startTime }, imageTime, code, tid: tgid };
}
