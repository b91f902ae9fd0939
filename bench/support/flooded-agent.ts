// SPDX-License-Identifier: Apache-2.0
import { meanLineBytes } from './exported.ts';
import type { Flood, LaneTotals } from './flood.ts';
import { cpuNsOf } from './process-usage.ts';

/** One leg of a flood. Counts and CPU time are those when the agent had settled. */
export interface FloodLeg {
  readonly calls: number;
  readonly seconds: number;
  readonly received: number;
  /** told of by gap records */
  readonly lost: number;
  /** that had reached the outputs when the leg ended */
  readonly eventsPerSecond: number;
  readonly cpuUsPerEvent: number;
  readonly bytesPerEvent: number;
}

/** Measures an agent under a flood. */
export class FloodedAgent {
  readonly #pid: number;
  readonly #flood: Flood;
  readonly #exported: string;

  /** `exported`: the agent's export file. */
  constructor(pid: number, flood: Flood, exported: string) {
    this.#pid = pid;
    this.#flood = flood;
    this.#exported = exported;
  }

  async leg(rate: number, ms: number): Promise<FloodLeg> {
    const before = this.#flood.totals();
    const cpuBefore = cpuNsOf(this.#pid);
    const startedAt = performance.now();
    const { calls } = await this.#flood.run(rate, ms);
    const seconds = (performance.now() - startedAt) / 1000;
    const inTime = arrivedIn(this.#flood.totals()) - arrivedIn(before);
    await this.#flood.settle();
    const cpuNs = cpuNsOf(this.#pid) - cpuBefore;
    const after = this.#flood.totals();
    const received = arrivedIn(after) - arrivedIn(before);
    return {
      calls,
      seconds,
      received,
      lost: after.declared - before.declared,
      eventsPerSecond: inTime / seconds,
      cpuUsPerEvent: cpuNs / 1000 / received,
      bytesPerEvent: meanLineBytes(this.#exported),
    };
  }
}

function arrivedIn({ delivered, declared }: LaneTotals): number {
  return delivered - declared;
}
