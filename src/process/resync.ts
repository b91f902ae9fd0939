// SPDX-License-Identifier: Apache-2.0
import type { BootClock } from '../base/boot-clock.ts';
import { readSnapshot } from './snapshot.ts';
import type { ProcessTable } from './table.ts';
import type { ProcessTracker } from './tracker.ts';

/** What the kernel side offers for it; the process sensor does. */
export interface SnapshotSource {
  /** exec records of the living processes, without variable fields */
  snapshot(): Uint8Array;
  /** notes in the kernel that all images there are now have been reported */
  acknowledge(): void;
}

/** After a loss: the least time between two looks at all processes. */
const LEAST_INTERVAL_MS = 2_000;

/**
 * Brings the process table in line with the processes that live: at the start, and after lifecycle records were lost. A
 * process whose exec was lost is reported then (flag procFS); one whose exit was lost leaves the table.
 */
export class ProcessResync {
  readonly #source: SnapshotSource;
  readonly #table: ProcessTable;
  readonly #tracker: ProcessTracker;
  readonly #clock: BootClock;
  readonly #options: { env: boolean; flush: () => void };
  #timer: NodeJS.Timeout | undefined;

  constructor(
    source: SnapshotSource,
    table: ProcessTable,
    tracker: ProcessTracker,
    clock: BootClock,
    options: { env: boolean; flush: () => void },
  ) {
    this.#source = source;
    this.#table = table;
    this.#tracker = tracker;
    this.#clock = clock;
    this.#options = options;
  }

  /** Soon, and not more often than the kernel and the outputs can bear. */
  request(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.run();
    }, LEAST_INTERVAL_MS).unref();
  }

  run(): void {
    const takenAt = this.#clock.nowNs();
    const living = readSnapshot(this.#source.snapshot(), this.#options);
    for (const record of living) {
      const known = this.#table.find(record.process);
      if (known === undefined || known.imageTime < record.imageTime) this.#tracker.found(record, takenAt);
    }
    const present = new Set(living.map((record) => record.process.tgid));
    // What started after the snapshot is not in it; a process that ended while it was read has its exit still to come.
    this.#table.sweep((process) => present.has(process.tgid) || process.startTime > takenAt);
    this.#options.flush();
    this.#source.acknowledge();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
