// SPDX-License-Identifier: Apache-2.0
import type { Credentials, ImageKey, Namespaces } from '../events/record.ts';

/** What one execve made of a process. A fork without execve shares its parent's image. */
export interface Image {
  readonly binary: string;
  /** as the process was given it, argv[0] included */
  readonly argv: readonly string[];
  /** the bytes of argv, NUL-separated, when they are not all UTF-8 */
  readonly argvBytes: Uint8Array | undefined;
  readonly cwd: string;
  /** the file that was asked for, when the kernel ran an interpreter instead */
  readonly script: string;
  /** the process root within its mount namespace, when it is another than `/` */
  readonly root: string;
  readonly cgroup: string;
  readonly env: readonly string[];
  readonly uid: number;
  readonly auid: number;
  readonly credentials: Credentials;
  readonly namespaces: Namespaces;
  readonly cgroupId: bigint;
  readonly inode: bigint;
  readonly inodeLinks: number;
  readonly dev: number;
  readonly mountId: number;
  readonly sessionId: number;
  readonly sid: number;
  readonly tty: number;
  /** ExecFlag bits */
  readonly flags: number;
  /** bytes that this image takes in the table's account */
  readonly bytes: number;
}

/** The ancestors of a process as an encoder keeps them: JSON objects joined by commas. */
export interface Ancestry {
  readonly entries: string;
  readonly count: number;
  /** why they do not reach pid 1 */
  readonly incomplete: 'cut' | 'unknown' | undefined;
}

/** How the table came to know a process. */
export type ProcessOrigin = 'exec' | 'fork' | 'procfs' | 'kernel' | 'unknown';

/**
 * One image of one process, as events name it: a new execve makes a new Process. Only ProcessTable changes it afterwards:
 * its links, and what was learnt of the same image later.
 */
export class Process {
  readonly tgid: number;
  readonly startTime: bigint;
  readonly imageTime: bigint;
  readonly nsTgid: number;
  readonly tid: number;
  readonly nodeName: string;
  origin: ProcessOrigin;
  image: Image | undefined;
  parent: Process | undefined;
  /** ancestors in all, the kernel's pid 0 not counted */
  depth: number;
  /** ended ancestors between this one and its parent were given up (see ProcessTable) */
  cut = false;
  /** in a container, a descendant of the first process of its pid namespace */
  readonly inInitTree: boolean;
  /** processes of the table that name this one as parent */
  children = 0;
  /** false once it has exited or another image has taken its place */
  alive = true;
  /** encoders' caches; dropped with the process */
  jsonFragment: Uint8Array | undefined;
  ancestryFragment: Uint8Array | undefined;
  ancestry: Ancestry | undefined;

  #execId: string | undefined;
  #imageId: string | undefined;

  constructor(fields: {
    tgid: number;
    startTime: bigint;
    imageTime: bigint;
    nsTgid: number;
    tid: number;
    nodeName: string;
    origin: ProcessOrigin;
    image: Image | undefined;
    parent: Process | undefined;
    inInitTree: boolean;
  }) {
    this.tgid = fields.tgid;
    this.startTime = fields.startTime;
    this.imageTime = fields.imageTime;
    this.nsTgid = fields.nsTgid;
    this.tid = fields.tid;
    this.nodeName = fields.nodeName;
    this.origin = fields.origin;
    this.image = fields.image;
    this.parent = fields.parent;
    this.depth = (fields.parent?.depth ?? -1) + 1;
    this.inInitTree = fields.inInitTree;
  }

  /** Made when first asked for: most forks end or call execve before any event names them. */
  get execId(): string {
    return (this.#execId ??= execIdOf(this.nodeName, this.imageTime, this.tgid));
  }

  get imageId(): string {
    return (this.#imageId ??= imageIdOf(this));
  }
}

/** What the kernel's key of an image is in maps. */
export function imageIdOf({ tgid, imageTime }: ImageKey): string {
  return `${tgid}:${imageTime}`;
}

/** The ancestors from the parent up to pid 1; the kernel (pid 0) is not one. */
export function* ancestorsOf(process: Process): Generator<Process> {
  for (
    let ancestor = process.parent;
    ancestor !== undefined && ancestor.tgid !== 0;
    ancestor = ancestor.parent
  ) {
    yield ancestor;
  }
}

/** base64 of `node:start-ktime:pid`: unique for each image, and the same after a restart of the agent. */
export function execIdOf(nodeName: string, imageTime: bigint, tgid: number): string {
  return Buffer.from(`${nodeName}:${imageTime}:${tgid}`).toString('base64');
}
