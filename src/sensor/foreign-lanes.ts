// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import type { BpfMap } from '../../native/index.d.ts';
import { EventLane, LaneCounters } from '../events/gen/layouts.ts';
import { addon } from '../kernel/addon.ts';
import { BpfError } from '../kernel/bpf-error.ts';
import { SharedLaneCounters } from './lane-counters.ts';

/** Records of a CPU and lane that an agent of another version has not read, and this one cannot. */
export interface ForeignLoss {
  readonly cpu: number;
  readonly lane: number;
  readonly lost: number;
}

/** The counters of process sensors of another version. What their rings hold has another form, but it can be counted. */
export class ForeignLanes {
  /** directories whose counters have another form too */
  readonly uncounted: readonly string[];
  readonly #lanes: readonly { readonly map: BpfMap; readonly counters: SharedLaneCounters }[];

  /** Opens them before their pins are removed. */
  constructor(directories: readonly string[]) {
    const opened = directories.map((directory) => ({ directory, map: openLanes(join(directory, 'lanes')) }));
    this.uncounted = opened.filter(({ map }) => map === undefined).map(({ directory }) => directory);
    this.#lanes = opened.flatMap(({ map }) =>
      map === undefined ? [] : [{ map, counters: new SharedLaneCounters(map) }],
    );
  }

  /** What is lost once nothing sends there any more. */
  losses(): ForeignLoss[] {
    return this.#lanes.flatMap(({ map, counters }) =>
      Array.from({ length: map.info().maxEntries }, (_, entry) => ({
        cpu: Math.floor(entry / EventLane.LANE_COUNT),
        lane: entry % EventLane.LANE_COUNT,
        lost: counters.read(entry).seq - counters.readDelivered(entry).delivered,
      })).filter(({ lost }) => lost > 0),
    );
  }

  close(): void {
    for (const { map } of this.#lanes) map.close();
  }
}

function openLanes(path: string): BpfMap | undefined {
  let map: BpfMap;
  try {
    map = addon.BpfMap.openPinned(path);
  } catch (error) {
    if (error instanceof BpfError) return undefined;
    throw error;
  }
  const { type, valueSize, maxEntries } = map.info();
  const isKnown =
    type === ARRAY && valueSize === LaneCounters.sizeof && maxEntries % EventLane.LANE_COUNT === 0;
  if (isKnown) return map;
  map.close();
  return undefined;
}

const ARRAY = 2; // BPF_MAP_TYPE_ARRAY
