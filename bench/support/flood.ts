// SPDX-License-Identifier: Apache-2.0
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { EventLane } from '../../src/events/gen/layouts.ts';
import { addon } from '../../src/kernel/addon.ts';
import { SharedLaneCounters } from '../../src/sensor/lane-counters.ts';
import { compile, Worker } from './programs.ts';

const OBJECT = fileURLToPath(new URL('../../build/bpf/flood.bpf.o', import.meta.url));
const SHARED_MAPS = ['lifecycle_ring', 'telemetry_ring', 'lanes'];
/** getppid(2): x86_64, and the table that newer architectures share. */
const GETPPID = process.arch === 'x64' ? 110 : 173;
const POLL_MS = 5;
const SETTLE_MS = 30_000;

/** The telemetry lane over all CPUs. */
export interface LaneTotals {
  /** by the kernel */
  readonly numbered: number;
  /** by the agent: arrived in its outputs or declared lost there */
  readonly delivered: number;
  /** of these, declared lost */
  readonly declared: number;
}

/** The program of flood.bpf.c in the rings of a running agent, and the process whose calls it records. */
export class Flood {
  readonly #generator: Worker<{ calls: number; wall_ns: number }>;
  readonly #counters: SharedLaneCounters;
  readonly #close: () => void;

  /** `bpfDir`: the running agent's; `cpu`: for the generator. */
  constructor(bpfDir: string, cpu: number) {
    const [pins] = readdirSync(bpfDir).filter((name) => name.startsWith('process-'));
    if (pins === undefined) throw new Error(`No agent has pinned its programs in ${bpfDir}`);
    const maps = SHARED_MAPS.map((name) => addon.BpfMap.openPinned(join(bpfDir, pins, name)));
    this.#generator = new Worker(compile('flood'), [], cpu);
    const object = new addon.BpfObject(OBJECT);
    SHARED_MAPS.forEach((name, index) => object.reuseMap(name, maps[index] as (typeof maps)[number]));
    object.setGlobal('flood_tgid', u32(this.#generator.pid));
    object.setGlobal('flood_syscall', u32(GETPPID));
    object.load();
    const link = object.program('flood').attach({ kind: 'trace' });
    this.#counters = new SharedLaneCounters(maps[2] as (typeof maps)[number]);
    this.#close = () => {
      this.#generator.close();
      link.close();
      object.close();
      for (const map of maps) map.close();
    };
  }

  /** Calls per second, 0 as fast as can be; returns once they are made. */
  async run(rate: number, ms: number): Promise<{ calls: number; seconds: number }> {
    const { calls, wall_ns } = await this.#generator.ask(`${Math.round(rate)} ${Math.round(ms)}`);
    return { calls, seconds: wall_ns / 1e9 };
  }

  totals(): LaneTotals {
    const totals = { numbered: 0, delivered: 0, declared: 0 };
    for (let cpu = 0; cpu < addon.possibleCpus(); cpu++) {
      const entry = cpu * EventLane.LANE_COUNT + EventLane.LANE_TELEMETRY;
      const { delivered, declared } = this.#counters.readDelivered(entry);
      totals.numbered += this.#counters.read(entry).seq;
      totals.delivered += delivered;
      totals.declared += declared;
    }
    return totals;
  }

  /** Waits until every record has reached the outputs or a gap record. */
  async settle(): Promise<void> {
    for (let waited = 0; waited < SETTLE_MS; waited += POLL_MS) {
      const { numbered, delivered } = this.totals();
      if (numbered === delivered) return;
      await sleep(POLL_MS);
    }
    throw new Error(`The agent has not settled within ${SETTLE_MS / 1000} s`);
  }

  close(): void {
    this.#close();
  }
}

function u32(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}
