// SPDX-License-Identifier: Apache-2.0
/** Records of one CPU and lane that were numbered but did not arrive. */
export interface Gap {
  readonly lane: number;
  readonly cpu: number;
  readonly lost: number;
  /** boot time of the last record before the hole and of the first after it; of the look that found a tail */
  readonly from: bigint;
  readonly to: bigint;
}

/** What the kernel side counted for one CPU and lane (struct lane_counters), read at one moment. */
export interface KernelCounters {
  readonly seq: number;
  readonly lost: number;
}

/** Records of one CPU can arrive a few places out of order (observed: up to 6): a hole further back is none. */
const SETTLE_RECORDS = 64;

/**
 * Follows the sequence of one CPU and lane and tells of holes. A hole is declared when SETTLE_RECORDS later records have
 * arrived, or at the second look after it was seen. A tail, which no later record shows, is found by comparing with the
 * kernel's counters: when everything outstanding has been counted as lost there, nothing is still on its way.
 */
export class SequenceTracker {
  readonly #lane: number;
  readonly #cpu: number;
  readonly #onGap: (gap: Gap) => void;
  /** the next number that has not arrived and was not declared lost */
  #expected: number;
  /** numbers beyond a hole, with their times */
  readonly #ahead = new Map<number, bigint>();
  #lastKtime: bigint;
  #holeSeenAtLook = false;
  #declared: number;
  #late = 0;

  /** `delivered` and `declared` are where an earlier run of the agent stopped; 0 for a new sequence. */
  constructor(
    place: { lane: number; cpu: number; delivered: number; declared: number; ktime: bigint },
    onGap: (gap: Gap) => void,
  ) {
    this.#lane = place.lane;
    this.#cpu = place.cpu;
    this.#expected = place.delivered + 1;
    this.#declared = place.declared;
    this.#lastKtime = place.ktime;
    this.#onGap = onGap;
  }

  /** All up to this number have arrived or were declared lost. */
  get settled(): number {
    return this.#expected - 1;
  }

  /** How many of those that the kernel counted as lost were declared, over all runs that share the counters. */
  get declared(): number {
    return this.#declared;
  }

  /** Records that arrived after their loss had been declared; should stay 0. */
  get late(): number {
    return this.#late;
  }

  arrived(seq: number, ktime: bigint): void {
    if (seq === this.#expected) {
      this.#expected++;
      this.#lastKtime = ktime;
      if (this.#ahead.size > 0) this.#absorb();
      return;
    }
    if (seq < this.#expected) {
      this.#late++;
      return;
    }
    this.#ahead.set(seq, ktime);
    if (this.#ahead.size >= SETTLE_RECORDS) this.#declareHole();
  }

  /**
   * To be called every few hundred milliseconds, with the counters as they are now. `drained` says that the ring was seen
   * empty after the counters were read: then whatever has not arrived never will.
   */
  look(counters: KernelCounters, now: bigint, drained = false): void {
    if (this.#ahead.size > 0) {
      if (this.#holeSeenAtLook || drained) while (this.#ahead.size > 0) this.#declareHole();
      this.#holeSeenAtLook = this.#ahead.size > 0;
    }
    const outstanding = counters.seq - this.settled;
    const countedAsLost = counters.lost - this.#declared;
    const isLost = drained || outstanding === countedAsLost;
    if (outstanding > 0 && this.#ahead.size === 0 && isLost) this.#declare(outstanding, now);
    // What an earlier run took from the ring and did not deliver is lost as well, but the kernel did not count it.
    if (drained) this.#declared = counters.lost;
  }

  #declareHole(): void {
    let next = Infinity;
    for (const seq of this.#ahead.keys()) if (seq < next) next = seq;
    this.#declare(next - this.#expected, this.#ahead.get(next) ?? this.#lastKtime);
    this.#absorb();
  }

  #declare(lost: number, to: bigint): void {
    this.#onGap({ lane: this.#lane, cpu: this.#cpu, lost, from: this.#lastKtime, to });
    this.#declared += lost;
    this.#expected += lost;
    this.#lastKtime = to;
  }

  #absorb(): void {
    let ktime = this.#ahead.get(this.#expected);
    while (ktime !== undefined) {
      this.#ahead.delete(this.#expected);
      this.#expected++;
      this.#lastKtime = ktime;
      ktime = this.#ahead.get(this.#expected);
    }
  }
}
