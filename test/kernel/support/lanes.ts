// SPDX-License-Identifier: Apache-2.0
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { BpfMap } from '../../../native/index.d.ts';
import { EventLane, LaneCounters } from '../../../src/events/gen/layouts.ts';
import { addon } from '../../../src/kernel/addon.ts';
import type { Agent, Places } from './agent.ts';

/** The kernel's own counters of a lane, by CPU. */
export interface LaneCounts {
  /** records numbered */
  readonly seq: number;
  /** of these, found no room in the ring */
  readonly lost: number;
  /** of `seq`, noted by the agent as told to its outputs */
  readonly delivered: number;
}

const WORDS = LaneCounters.sizeof / 8;

/** Holds the pinned counters of an agent, so that they can be read after its end too, when nothing changes them any more. */
export class KernelLanes {
  readonly #map: BpfMap;
  readonly #words: BigUint64Array;
  readonly #lane: number;

  constructor({ bpfDir }: Places, lane: number = EventLane.LANE_LIFECYCLE) {
    this.#lane = lane;
    const [directory = ''] = readdirSync(bpfDir).filter((name) => name.startsWith('process-'));
    this.#map = addon.BpfMap.openPinned(join(bpfDir, directory, 'lanes'));
    this.#words = new BigUint64Array(this.#map.mmap(false));
  }

  byCpu(): LaneCounts[] {
    return Array.from({ length: addon.possibleCpus() }, (_, cpu) => {
      const entry = cpu * EventLane.LANE_COUNT + this.#lane;
      const word = (offset: number): number => Number(this.#words[entry * WORDS + offset / 8]);
      return {
        seq: word(LaneCounters.seq),
        lost: word(LaneCounters.lost),
        delivered: word(LaneCounters.delivered),
      };
    });
  }

  close(): void {
    this.#map.close();
  }

  sum(count: keyof LaneCounts): number {
    return this.byCpu().reduce((sum, counts) => sum + counts[count], 0);
  }
}

/** What a stopped agent says of a lane: records that arrived, and that it declared lost. */
export function laneTotals(agent: Agent, name: string): { received: number; lost: number } {
  const stopped = agent.log().find(({ msg }) => msg === 'Stopped');
  const lanes = stopped?.lanes as { lane: string; received: number; lost: number }[] | undefined;
  const totals = lanes?.find(({ lane }) => lane === name);
  if (totals === undefined) throw new Error('The agent has not logged its totals');
  return totals;
}
