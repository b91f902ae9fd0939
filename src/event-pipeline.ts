// SPDX-License-Identifier: Apache-2.0
import type { BpfMap, RingReader } from '../native/index.d.ts';
import type { BootClock } from './base/boot-clock.ts';
import { decodeBatch } from './events/decode.ts';
import type { RecordHandler } from './events/decode.ts';
import { EventLane } from './events/gen/layouts.ts';
import type { RecordHeader } from './events/record.ts';
import type { Gap } from './events/sequence.ts';
import { SequenceTracker } from './events/sequence.ts';
import { addon } from './kernel/addon.ts';
import type { Occurrence } from './process/event.ts';
import type { ProcessTracker } from './process/tracker.ts';
import type { SharedLaneCounters } from './sensor/lane-counters.ts';

export const LANE_NAMES = ['lifecycle', 'telemetry'] as const;

/** How often the kernel's counters are compared with what has arrived. */
const LOOK_MS = 250;
/** Batch buffers: when JavaScript holds them all, records wait in the kernel's rings and are counted there. */
const BATCH_BYTES = 512 * 1024;
const BATCHES = 4;

export interface PipelineParts {
  readonly rings: BpfMap[];
  readonly counters: SharedLaneCounters;
  readonly cpus: number;
  readonly coalesceMs: number;
  readonly clock: BootClock;
  readonly tracker: ProcessTracker;
  /** takes an occurrence into the outputs' next chunk */
  readonly append: (occurrence: Occurrence) => void;
  /** hands the chunk to the outputs */
  readonly flush: () => void;
  readonly onInvalid: (reason: string) => void;
  readonly onGap: (gap: Gap) => void;
}

/**
 * From the kernel's rings to the outputs: takes batches from the reader's thread, follows each CPU's sequence, lets the
 * tracker make occurrences, and notes in the shared counters how far the outputs have come.
 */
export class EventPipeline {
  readonly #parts: PipelineParts;
  readonly #reader: RingReader;
  /** by entry: cpu * LANE_COUNT + lane */
  readonly #sequences: SequenceTracker[];
  readonly #touched = new Set<number>();
  readonly #received = new Array<number>(EventLane.LANE_COUNT).fill(0);
  readonly #lost = new Array<number>(EventLane.LANE_COUNT).fill(0);
  readonly #handler: RecordHandler;
  #timer: NodeJS.Timeout | undefined;
  #invalid = 0;

  constructor(parts: PipelineParts) {
    this.#parts = parts;
    this.#sequences = this.#startSequences();
    this.#handler = this.#makeHandler();
    this.#reader = new addon.RingReader(
      { rings: parts.rings, batchBytes: BATCH_BYTES, batches: BATCHES, coalesceMs: parts.coalesceMs },
      (buffer, bytes, _records, index) => this.#onBatch(buffer, bytes, index),
    );
  }

  get invalid(): number {
    return this.#invalid;
  }

  /** Records that arrived and that were declared lost, per lane. */
  lane(lane: number): { received: number; lost: number } {
    return { received: this.#received[lane] ?? 0, lost: this.#lost[lane] ?? 0 };
  }

  /**
   * Takes what the rings hold already (an earlier run may have left it there), settles what that run lost, and starts to
   * read.
   */
  start(): void {
    this.#drain();
    this.#reader.start();
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  /**
   * Stops reading; what the rings still hold is read, and losses are settled. When the programs were detached before, that is
   * all there is; otherwise what they send from now on is for another reader.
   */
  stop(): void {
    clearInterval(this.#timer);
    this.#reader.stop();
    // What was running when the programs were detached may number a record yet.
    addon.waitForRunningPrograms();
    this.#drain();
    this.#reader.close();
  }

  /** Takes what the rings hold, before start() or in its place. */
  drain(): void {
    this.#drain();
  }

  /** What is numbered now and not in the rings after they were read to their end is lost. */
  #drain(): void {
    const counters = this.#sequences.map((_, entry) => this.#parts.counters.read(entry));
    // Programs may go on: a record that has its number gets its place in the ring, or is counted as lost.
    addon.waitForRunningPrograms();
    this.#reader.drain();
    const now = this.#parts.clock.nowNs();
    this.#sequences.forEach((sequence, entry) => {
      sequence.look(counters[entry] ?? { seq: 0, lost: 0 }, now, true);
      this.#touched.add(entry);
    });
    this.#deliver();
  }

  #onBatch(buffer: ArrayBuffer, bytes: number, index: number): void {
    decodeBatch(buffer, bytes, this.#handler);
    this.#reader.release(index);
    this.#deliver();
  }

  /** First the outputs, then the note: after a crash a record may come twice into account, never go missing. */
  #deliver(): void {
    this.#parts.flush();
    for (const entry of this.#touched) {
      const sequence = this.#sequences[entry];
      if (sequence !== undefined)
        this.#parts.counters.writeDelivered(entry, sequence.settled, sequence.declared);
    }
    this.#touched.clear();
  }

  #look(): void {
    const now = this.#parts.clock.nowNs();
    this.#sequences.forEach((sequence, entry) => {
      const before = sequence.settled;
      sequence.look(this.#parts.counters.read(entry), now);
      if (sequence.settled !== before) this.#touched.add(entry);
    });
    if (this.#touched.size > 0) this.#deliver();
  }

  #arrived({ cpu, lane, seq, ktime }: RecordHeader): boolean {
    const entry = cpu * EventLane.LANE_COUNT + lane;
    const sequence = this.#sequences[entry];
    if (sequence === undefined) {
      this.#handler.invalid('CPU or lane out of range');
      return false;
    }
    sequence.arrived(seq, ktime);
    this.#touched.add(entry);
    this.#received[lane] = (this.#received[lane] ?? 0) + 1;
    return true;
  }

  #makeHandler(): RecordHandler {
    const { tracker, onInvalid } = this.#parts;
    return {
      exec: (record) => {
        if (this.#arrived(record.header)) tracker.exec(record);
      },
      fork: (record) => {
        if (this.#arrived(record.header)) tracker.fork(record);
      },
      exit: (record) => {
        if (this.#arrived(record.header)) tracker.exit(record);
      },
      tracepoint: (record) => {
        if (this.#arrived(record.header)) tracker.tracepoint(record);
      },
      hook: (record) => {
        if (this.#arrived(record.header)) tracker.hook(record);
      },
      invalid: (reason) => {
        this.#invalid++;
        onInvalid(reason);
      },
    };
  }

  #startSequences(): SequenceTracker[] {
    const ktime = this.#parts.clock.nowNs();
    return Array.from({ length: this.#parts.cpus * EventLane.LANE_COUNT }, (_, entry) => {
      const lane = entry % EventLane.LANE_COUNT;
      const cpu = Math.floor(entry / EventLane.LANE_COUNT);
      const { delivered, declared } = this.#parts.counters.readDelivered(entry);
      return new SequenceTracker({ lane, cpu, delivered, declared, ktime }, (gap) => this.#onGap(gap));
    });
  }

  #onGap(gap: Gap): void {
    this.#lost[gap.lane] = (this.#lost[gap.lane] ?? 0) + gap.lost;
    this.#parts.append({ kind: 'gap', lane: LANE_NAMES[gap.lane as 0 | 1], gap });
    this.#parts.onGap(gap);
  }
}
