// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { BpfMap, RingReader } from '../../../native/index.d.ts';
import {
  BinaryPath,
  EventLane,
  EventType,
  HookEvent,
  HookValue,
  ProcessState,
} from '../../../src/events/gen/layouts.ts';
import { addon } from '../../../src/kernel/addon.ts';
import { HOOK_OBJECT_MAPS, type HookPrograms, loadHookPrograms } from './hook-programs.ts';
import type { InstancePlan } from '../../../src/plan/instance-plan.ts';
import type { StringSecret } from '../../../src/plan/string-key.ts';
import { writeStringKey } from '../../../src/plan/string-key.ts';

const OBJECT = resolve(import.meta.dirname, '../../../build/bpf/hook.bpf.o');
const MEMORY_BYTES = 1 << 16;
const RING_BYTES = 1 << 20;
const BATCH_HEADER_BYTES = 8;

/** What a hit sent: the rules that matched, and the values by their entry. */
export interface Hit {
  readonly hook: number;
  readonly words: BigUint64Array;
  readonly values: ReadonlyMap<number, { readonly flags: number; readonly data: Buffer }>;
}

/**
 * Runs hook programs that are attached to nothing (BPF_PROG_TEST_RUN of a raw tracepoint), with arguments that point into
 * memory which the test fills, as a process whose binary the test chooses.
 */
export class HookBed {
  readonly secret: StringSecret;
  /** memory that programs can read without a page fault, at `address` in this process */
  readonly memory: Buffer;
  readonly address: bigint;
  readonly #maps = new Map<string, BpfMap>();
  readonly #memoryMap: BpfMap;
  readonly #reader: RingReader;
  readonly #pidfd: Uint8Array;
  #hits: Hit[] = [];
  #programs: HookPrograms | undefined;

  /** With `maps` of a process sensor this process is what the sensor says it is; otherwise see setBinaries(). */
  constructor(secret: StringSecret, maps: Iterable<readonly [string, BpfMap]> = makeMaps()) {
    this.secret = secret;
    for (const [name, map] of maps) this.#maps.set(name, map);
    this.#memoryMap = addon.BpfMap.create({
      ...{ name: 'memory', type: 2, keySize: 4, valueSize: MEMORY_BYTES, maxEntries: 1, flags: 1 << 10 },
    });
    const before = new Set(mappings());
    this.memory = Buffer.from(this.#memoryMap.mmap(true));
    const [mapped] = mappings().filter((range) => !before.has(range));
    this.address = BigInt(`0x${mapped?.split('-')[0] ?? ''}`);
    this.#pidfd = u32(addon.pidfdOpen(process.pid));
    this.#reader = new addon.RingReader(
      {
        rings: [this.#map('lifecycle_ring'), this.#map('telemetry_ring')],
        ...{ batchBytes: RING_BYTES, batches: 2, coalesceMs: 0 },
      },
      (buffer, bytes, _records, index) => {
        this.#hits.push(...readHits(Buffer.from(buffer, 0, bytes)));
        this.#reader.release(index);
      },
    );
  }

  /** Loads the programs of one hook, in the place of those that were there. They are numbered from 0. */
  load(plans: readonly InstancePlan[]): void {
    this.#programs?.close();
    this.#programs = loadHookPrograms(plans, this.secret, this.#maps);
  }

  /** One hit. Returns what the hook's programs sent. */
  hit(args: readonly bigint[]): Hit[] {
    this.#programs?.first.testRun({ context: new Uint8Array(BigUint64Array.from(args).buffer) });
    this.#hits = [];
    this.#reader.drain();
    return this.#hits;
  }

  /** Events that limits have kept back, by rule, for each program. */
  suppressed(): Map<number, bigint>[] {
    return this.#programs?.suppressed() ?? [];
  }

  /** What the kernel side knows of this process; undefined: nothing. */
  setBinaries(binaries: { own: string; parent: string } | undefined): void {
    const states = this.#map('process_states');
    if (binaries === undefined) {
      states.delete(this.#pidfd);
      return;
    }
    const state = new Uint8Array(ProcessState.sizeof);
    const view = new DataView(state.buffer);
    for (const [path, offset] of [
      [binaries.own, ProcessState.binaryLow],
      [binaries.parent, ProcessState.parentBinaryLow],
    ] as const) {
      // No key: not known.
      if (path === '') continue;
      const bytes = Buffer.from(path, 'latin1');
      writeStringKey(view, offset, bytes, this.secret);
      const value = new Uint8Array(BinaryPath.sizeof);
      value.set(bytes.subarray(0, BinaryPath.end), BinaryPath.beginning);
      value.set(bytes.subarray(-BinaryPath.end).toReversed(), BinaryPath.end);
      this.#map('binary_paths').set(state.slice(offset, offset + 24), value);
    }
    states.set(this.#pidfd, state);
  }

  close(): void {
    this.#programs?.close();
    this.#reader.close();
    this.#memoryMap.close();
    for (const map of this.#maps.values()) map.close();
  }

  #map(name: string): BpfMap {
    const map = this.#maps.get(name);
    if (map === undefined) throw new RangeError(`No map ${name}`);
    return map;
  }
}

/** The maps of the hook object that its programs share, without any program. */
function makeMaps(): [string, BpfMap][] {
  const object = new addon.BpfObject(OBJECT);
  for (const { name } of object.programs) object.setAutoload(name, false);
  object.setMap('lanes', { maxEntries: addon.possibleCpus() * EventLane.LANE_COUNT });
  object.setMap('telemetry_ring', { maxEntries: RING_BYTES });
  for (const { name } of object.maps)
    if (/^(dimension|output)_\d/.test(name)) object.setMap(name, { autocreate: false });
  object.load();
  const maps = HOOK_OBJECT_MAPS.map((name): [string, BpfMap] => [name, object.map(name)]);
  object.close();
  return maps;
}

function mappings(): string[] {
  return readFileSync('/proc/self/maps', 'utf8')
    .split('\n')
    .filter((line) => line.includes('bpf-map'));
}

function readHits(batch: Buffer): Hit[] {
  const hits: Hit[] = [];
  for (let at = 0; at < batch.length;) {
    const length = batch.readUInt32LE(at);
    const record = batch.subarray(at + BATCH_HEADER_BYTES, at + BATCH_HEADER_BYTES + length);
    if (record[HookEvent.headerType] === EventType.EVENT_HOOK) hits.push(readHit(record));
    at += BATCH_HEADER_BYTES + ((length + 7) & ~7);
  }
  return hits;
}

function readHit(record: Buffer): Hit {
  const words = new BigUint64Array(record.readUInt16LE(HookEvent.words));
  words.forEach((_, w) => (words[w] = record.readBigUInt64LE(HookEvent.sizeof + 8 * w)));
  const values = new Map<number, { flags: number; data: Buffer }>();
  let at = HookEvent.sizeof + 8 * words.length;
  for (let value = 0; value < record.readUInt16LE(HookEvent.values); value++) {
    const length = record.readUInt32LE(at + HookValue.length);
    const start = at + HookValue.sizeof;
    values.set(record.readUInt16LE(at + HookValue.entry), {
      flags: record.readUInt16LE(at + HookValue.flags),
      data: Buffer.from(record.subarray(start, start + length)),
    });
    at = start + ((length + 7) & ~7);
  }
  return { hook: record.readUInt32LE(HookEvent.hook), words, values };
}

function u32(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}
