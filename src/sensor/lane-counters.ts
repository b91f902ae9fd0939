// SPDX-License-Identifier: Apache-2.0
import type { BpfMap } from '../../native/index.d.ts';
import { LaneCounters } from '../events/gen/layouts.ts';
import type { KernelCounters } from '../events/sequence.ts';

const WORDS = LaneCounters.sizeof / 8;

/** The map `lanes`, shared with the kernel: entry `cpu * LANE_COUNT + lane`. */
export class SharedLaneCounters {
  readonly #words: BigUint64Array;

  constructor(lanes: BpfMap) {
    this.#words = new BigUint64Array(lanes.mmap(true));
  }

  /**
   * `lost` is read before `seq`: the kernel raises them in the other order, so what this counts as lost is among what it
   * counts as numbered.
   */
  read(entry: number): KernelCounters {
    const lost = this.#get(entry, LaneCounters.lost);
    return { lost, seq: this.#get(entry, LaneCounters.seq) };
  }

  /** Where the earlier run of the agent stopped. */
  readDelivered(entry: number): { delivered: number; declared: number } {
    return {
      delivered: this.#get(entry, LaneCounters.delivered),
      declared: this.#get(entry, LaneCounters.declared),
    };
  }

  /** Notes how far the outputs have come, for the next run. */
  writeDelivered(entry: number, delivered: number, declared: number): void {
    this.#words[entry * WORDS + LaneCounters.delivered / 8] = BigInt(delivered);
    this.#words[entry * WORDS + LaneCounters.declared / 8] = BigInt(declared);
  }

  #get(entry: number, offset: number): number {
    return Number(this.#words[entry * WORDS + offset / 8] ?? 0n);
  }
}
