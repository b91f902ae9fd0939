// SPDX-License-Identifier: Apache-2.0
/**
 * Records of the kernel as plain data. Times are nanoseconds of CLOCK_BOOTTIME; variable fields are raw bytes, views of
 * the batch that the record came in.
 */

export interface RecordHeader {
  readonly cpu: number;
  readonly lane: number;
  /** Position in the sequence of this CPU and lane, from 1. Exact: 2^53 records outlast any machine. */
  readonly seq: number;
  readonly ktime: bigint;
}

/** One process: its id can be used again, the pair cannot. */
export interface ProcessKey {
  readonly tgid: number;
  readonly startTime: bigint;
}

/** One image of a process; `imageTime` 0n when the kernel side did not know it. */
export interface ImageKey {
  readonly tgid: number;
  readonly imageTime: bigint;
}

export interface Credentials {
  readonly uid: number;
  readonly gid: number;
  readonly euid: number;
  readonly egid: number;
  readonly suid: number;
  readonly sgid: number;
  readonly fsuid: number;
  readonly fsgid: number;
  readonly securebits: number;
  readonly userNsLevel: number;
  readonly userNsOwnerUid: number;
  readonly userNsOwnerGid: number;
  readonly capPermitted: bigint;
  readonly capEffective: bigint;
  readonly capInheritable: bigint;
}

/** Inode numbers; 0 where the kernel has no such namespace. */
export interface Namespaces {
  readonly uts: number;
  readonly ipc: number;
  readonly mnt: number;
  readonly pid: number;
  readonly pidForChildren: number;
  readonly net: number;
  readonly time: number;
  readonly timeForChildren: number;
  readonly cgroup: number;
  readonly user: number;
}

export interface ExecRecord {
  readonly header: RecordHeader;
  readonly process: ProcessKey;
  readonly parent: ImageKey;
  readonly realParent: ProcessKey;
  readonly imageTime: bigint;
  readonly cgroupId: bigint;
  readonly inode: bigint;
  readonly inodeLinks: number;
  /** kernel encoding: major << 20 | minor */
  readonly dev: number;
  readonly mountId: number;
  readonly tid: number;
  readonly nsTgid: number;
  readonly auid: number;
  readonly sessionId: number;
  readonly sid: number;
  /** kernel encoding, 0 without a controlling terminal */
  readonly tty: number;
  readonly argc: number;
  /** ExecFlag bits */
  readonly flags: number;
  readonly credentials: Credentials;
  readonly namespaces: Namespaces;
  readonly path: Uint8Array;
  readonly cwd: Uint8Array;
  /** NUL-terminated strings back to back; the last may be cut */
  readonly args: Uint8Array;
  readonly script: Uint8Array;
  readonly root: Uint8Array;
  readonly cgroup: Uint8Array;
  readonly env: Uint8Array;
}

export interface ForkRecord {
  readonly header: RecordHeader;
  readonly process: ProcessKey;
  readonly parent: ImageKey;
  readonly nsTgid: number;
  readonly cgroupId: bigint;
}

export interface ExitRecord {
  readonly header: RecordHeader;
  readonly process: ProcessKey;
  /** 0n when unknown to the kernel side */
  readonly imageTime: bigint;
  /** as wait(2) gives it */
  readonly code: number;
  readonly tid: number;
}

export interface TracepointRecord {
  readonly header: RecordHeader;
  readonly process: ProcessKey;
  readonly arg0: bigint;
  readonly arg1: bigint;
  readonly tid: number;
  readonly hook: number;
}
