// SPDX-License-Identifier: Apache-2.0
import type { Process } from './process.ts';
import type { ProcessTable } from './table.ts';

/** How long an ended process is still found, by the records' own time. */
const KEEP_NS = 2_000_000_000n;
/** A bound of its own, so that a storm of short processes cannot take the table's whole budget. */
const MAX_KEPT = 4096;

/**
 * Processes, and images that an execve replaced, that ended a moment ago. Records of hooks come through another ring than
 * those of exec and exit, so a record of a process can be read after its end. They stay in the table's account; when the
 * table needs the room they are given up first.
 */
export class EndedProcesses {
  readonly #table: ProcessTable;
  #kept: { process: Process; ktime: bigint }[] = [];
  /** entries before this one have been let go */
  #first = 0;

  constructor(table: ProcessTable) {
    this.#table = table;
  }

  get size(): number {
    return this.#kept.length - this.#first;
  }

  /** Keeps a process that is about to leave the table; `ktime` of its end. */
  keep(process: Process, ktime: bigint): void {
    this.#table.hold(process);
    this.#kept.push({ process, ktime });
    for (;;) {
      const oldest = this.#kept[this.#first];
      if (oldest === undefined || (oldest.ktime > ktime - KEEP_NS && this.size <= MAX_KEPT)) break;
      this.#letGo(oldest.process);
    }
    if (this.#first > MAX_KEPT) {
      this.#kept = this.#kept.slice(this.#first);
      this.#first = 0;
    }
  }

  /** Gives up all of them. */
  clear(): void {
    for (const { process } of this.#kept.splice(0).slice(this.#first)) this.#table.unhold(process);
    this.#first = 0;
  }

  #letGo(process: Process): void {
    this.#first++;
    this.#table.unhold(process);
  }
}
