// SPDX-License-Identifier: Apache-2.0
import { ExecFlag } from '../events/gen/layouts.ts';
import type { HookRecord } from '../events/hook-record.ts';
import type {
  ExecRecord,
  ExitRecord,
  ForkRecord,
  ImageKey,
  ProcessKey,
  TracepointRecord,
} from '../events/record.ts';
import { EndedProcesses } from './ended.ts';
import type { Enrichment, Occurrence } from './event.ts';
import { imageOf } from './image.ts';
import type { ProcessOrigin } from './process.ts';
import { Process } from './process.ts';
import type { ProcessTable } from './table.ts';

/** Cgroup, pid, user, uts and ipc (include/uapi/linux/nsfs.h, in the kernel since 3.8 and 4.6); time since 5.6. */
const INITIAL_NAMESPACES = [0xeffffffb, 0xeffffffc, 0xeffffffd, 0xeffffffe, 0xefffffff, 0xeffffffa];

export interface TrackerStats {
  /** events whose process, or its present image, the table did not know */
  readonly unknownProcesses: number;
  /** processes whose parent the table did not know */
  readonly unknownParents: number;
}

/**
 * Turns the lifecycle records into the process table, and records of all kinds into occurrences that name their process.
 * What is not known is said, never guessed: an unknown parent is an entry with its identity only.
 */
export class ProcessTracker {
  readonly kernel: Process;
  /** inode numbers of the initial namespaces, and of pid 1's, which the first snapshot brings before any other process */
  readonly hostNamespaces = new Set<number>(INITIAL_NAMESPACES);
  readonly #nodeName: string;
  readonly #table: ProcessTable;
  readonly #emit: (occurrence: Occurrence) => void;
  readonly #now: () => number;
  #ended: EndedProcesses | undefined;
  #unknownProcesses = 0;
  #unknownParents = 0;

  /** `now` in ms of a clock that is never set. */
  constructor(
    nodeName: string,
    table: ProcessTable,
    emit: (occurrence: Occurrence) => void,
    now: () => number = () => performance.now(),
  ) {
    this.#nodeName = nodeName;
    this.#table = table;
    this.#emit = emit;
    this.#now = now;
    this.kernel = this.#makeKernel();
  }

  get stats(): TrackerStats {
    return { unknownProcesses: this.#unknownProcesses, unknownParents: this.#unknownParents };
  }

  /**
   * Whether processes are found for a moment beyond their end: wanted while hooks send records, which come through another
   * ring than exec and exit.
   */
  set keepsEnded(keeps: boolean) {
    if (keeps === (this.#ended !== undefined)) return;
    this.#ended?.clear();
    const ended = keeps ? new EndedProcesses(this.#table, this.#now) : undefined;
    this.#ended = ended;
    this.#table.onPressure = ended === undefined ? undefined : () => ended.clear();
  }

  exec(record: ExecRecord): void {
    const process = this.#enterImage(record, 'exec');
    this.#emit({ kind: 'exec', ktime: record.header.ktime, process, enrichment: this.#roomOf(process) });
  }

  /** A process that was there before its first record: from the snapshot. Tells of it unless an earlier run has done so. */
  found(record: ExecRecord, ktime: bigint): void {
    if (record.process.tgid === 1) this.#addHostNamespaces(record);
    const process = this.#enterImage(record, (record.flags & ExecFlag.EXEC_NEVER) === 0 ? 'procfs' : 'fork');
    if ((record.flags & ExecFlag.EXEC_REPORTED) !== 0) return;
    this.#emit({ kind: 'exec', ktime, process, enrichment: this.#roomOf(process) });
  }

  fork(record: ForkRecord): void {
    // The snapshot can have seen the child before its fork was read.
    if (this.#table.find(record.process) !== undefined) return;
    const parent = this.#findParent(record.parent);
    const { tgid, startTime } = record.process;
    this.#table.insert(
      new Process({
        tgid,
        startTime,
        imageTime: startTime,
        nsTgid: record.nsTgid,
        tid: tgid,
        nodeName: this.#nodeName,
        origin: parent.image === undefined ? 'unknown' : 'fork',
        image: parent.image,
        parent,
        inInitTree: parent.inInitTree,
      }),
    );
  }

  exit(record: ExitRecord): void {
    const { process, enrichment } = this.#identify(record.process, record.imageTime);
    this.#emit({ kind: 'exit', ktime: record.header.ktime, process, enrichment, code: record.code });
    const entered = this.#table.find(record.process);
    if (entered === undefined) return;
    this.#ended?.keep(entered);
    this.#table.remove(entered);
  }

  tracepoint(record: TracepointRecord): void {
    const known = this.#table.find(record.process);
    const { process, enrichment } =
      known === undefined ? this.#identify(record.process, 0n) : { process: known, enrichment: undefined };
    const { hook, arg0, arg1 } = record;
    this.#emit({ kind: 'tracepoint', ktime: record.header.ktime, process, enrichment, hook, arg0, arg1 });
  }

  hook(record: HookRecord): void {
    // The kernel side has no image of a process before its first execve; by now it can have made one, or have ended.
    const forked =
      record.imageTime === 0n ? this.#findEnded(record.process, record.process.startTime) : undefined;
    const { process, enrichment } =
      forked === undefined
        ? this.#identify(record.process, record.imageTime)
        : { process: forked, enrichment: undefined };
    this.#emit({ kind: 'hook', ktime: record.header.ktime, process, enrichment, record });
  }

  #enterImage(record: ExecRecord, origin: ProcessOrigin): Process {
    const { tgid, startTime } = record.process;
    const before = this.#table.find(record.process);
    if (before?.imageTime === record.imageTime) {
      this.#table.learn(before, imageOf(record), origin);
      return before;
    }
    const parent = this.#parentOf(record, before);
    const process = new Process({
      tgid,
      startTime,
      imageTime: record.imageTime,
      nsTgid: record.nsTgid,
      tid: record.tid,
      nodeName: this.#nodeName,
      origin,
      image: imageOf(record),
      parent,
      inInitTree: this.#isInInitTree(record, parent),
    });
    if (before !== undefined) this.#ended?.keep(before);
    this.#table.insert(process);
    return process;
  }

  #addHostNamespaces({ namespaces }: ExecRecord): void {
    for (const inum of Object.values(namespaces) as number[]) if (inum !== 0) this.hostNamespaces.add(inum);
  }

  #roomOf(process: Process): Enrichment | undefined {
    return process.alive ? undefined : 'table_full';
  }

  /** The parent at birth when it is known, else the parent that the kernel names now. */
  #parentOf(record: ExecRecord, before: Process | undefined): Process {
    if (before?.parent !== undefined && before.parent.origin !== 'unknown') return before.parent;
    if ((record.flags & ExecFlag.EXEC_PARENT_KTHREAD) !== 0) return this.kernel;
    if (record.parent.imageTime === 0n) {
      const living = this.#table.find(record.realParent);
      if (living !== undefined) return living;
      return this.#unknown({ tgid: record.realParent.tgid, imageTime: record.realParent.startTime });
    }
    return this.#findParent(record.parent);
  }

  /**
   * A parent by its image. When only a later image of the same process is known (the agent was restarted since), the
   * earlier one is entered as unknown, under the parent that both share.
   */
  #findParent(key: ImageKey): Process {
    if (key.tgid === 0) return this.kernel;
    const known = this.#table.findImage(key);
    if (known !== undefined) return known;
    const living = this.#table.findByTgid(key.tgid);
    if (key.imageTime === 0n) return living ?? this.#unknown(key);
    const isSameProcess = living !== undefined && living.startTime <= key.imageTime;
    return this.#unknown(key, isSameProcess ? living.parent : undefined);
  }

  #unknown(key: ImageKey, parent?: Process): Process {
    this.#unknownParents++;
    return new Process({
      tgid: key.tgid,
      startTime: key.imageTime,
      imageTime: key.imageTime,
      nsTgid: 0,
      tid: key.tgid,
      nodeName: this.#nodeName,
      origin: 'unknown',
      image: undefined,
      parent,
      inInitTree: false,
    });
  }

  /** The process that a record names; with its image's time, which tells an image whose exec record was lost. */
  #identify(key: ProcessKey, imageTime: bigint): { process: Process; enrichment: Enrichment | undefined } {
    const known = this.#table.find(key);
    if (known !== undefined && (imageTime === 0n || known.imageTime === imageTime)) {
      return { process: known, enrichment: undefined };
    }
    const ended = this.#findEnded(key, imageTime);
    if (ended !== undefined) return { process: ended, enrichment: undefined };
    this.#unknownProcesses++;
    const process = new Process({
      tgid: key.tgid,
      startTime: key.startTime,
      imageTime: imageTime === 0n ? key.startTime : imageTime,
      nsTgid: 0,
      tid: key.tgid,
      nodeName: this.#nodeName,
      origin: 'unknown',
      image: undefined,
      parent: known?.parent,
      inInitTree: known?.inInitTree ?? false,
    });
    return { process, enrichment: 'process_unknown' };
  }

  /** An image of this process that has ended, when the table still has it. */
  #findEnded(key: ProcessKey, imageTime: bigint): Process | undefined {
    if (this.#ended === undefined || imageTime === 0n) return undefined;
    const found = this.#table.findImage({ tgid: key.tgid, imageTime });
    return found?.startTime === key.startTime ? found : undefined;
  }

  #isInInitTree(record: ExecRecord, parent: Process): boolean {
    const { pid } = record.namespaces;
    if (this.hostNamespaces.has(pid)) return false;
    return record.nsTgid === 1 || (parent.inInitTree && parent.image?.namespaces.pid === pid);
  }

  /** The kernel as the parent of pid 1, as Tetragon names it: pid 0, start time 1. */
  #makeKernel(): Process {
    return new Process({
      tgid: 0,
      startTime: 0n,
      imageTime: 1n,
      nsTgid: 0,
      tid: 0,
      nodeName: this.#nodeName,
      origin: 'kernel',
      image: undefined,
      parent: undefined,
      inInitTree: false,
    });
  }
}
