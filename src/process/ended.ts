// SPDX-License-Identifier: Apache-2.0
import type { Process } from './process.ts';
import type { ProcessTable } from './table.ts';

/**
 * How long an ended process is still found, from when its end was read: not by the records' own time, since one pass over the
 * rings can bring the ends of many seconds before the first record of a hook.
 */
const KEEP_MS = 2_000;
/** A bound of its own, so that a storm of short processes cannot take the table's whole budget. */
const MAX_KEPT = 4096;

/**
 * Processes, and images that an execve replaced, that ended a moment ago. Records of hooks come through another ring than
 * those of exec and exit, so a record of a process can be read after its end. They stay in the table's account; when the
 * table needs the room they are given up first.
 */
export class EndedProcesses {
  readonly #table: ProcessTable;
  readonly #now: () => number;
  #kept: { process: Process; at: number }[] = [];
  /** entries before this one have been let go */
  #first = 0;

  /** `now` in ms of a clock that is never set. */
  constructor(table: ProcessTable, now: () => number) {
    this.#table = table;
    this.#now = now;
  }

  get size(): number {
    return this.#kept.length - this.#first;
  }

  /** Keeps a process that is about to leave the table. */
  keep(process: Process): void {
    const now = this.#now();
    this.#table.hold(process);
    this.#kept.push({ process, at: now });
    for (;;) {
      const oldest = this.#kept[this.#first];
      if (oldest === undefined || (oldest.at > now - KEEP_MS && this.size <= MAX_KEPT)) break;
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
