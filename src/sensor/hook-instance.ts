// SPDX-License-Identifier: Apache-2.0
import { fileURLToPath } from 'node:url';
import type { BpfMap, BpfObject, BpfProgram } from '../../native/index.d.ts';
import { EventLane, HookLimit } from '../events/gen/layouts.ts';
import { addon } from '../kernel/addon.ts';
import type { AttachTarget } from '../plan/attach-target.ts';
import type { InstanceIdentity } from '../plan/config-bytes.ts';
import { configBytes } from '../plan/config-bytes.ts';
import type { Table } from '../plan/dimension.ts';
import type { InstancePlan } from '../plan/instance-plan.ts';
import type { StringSecret } from '../plan/string-key.ts';

const OBJECT = fileURLToPath(new URL('../../build/bpf/hook.bpf.o', import.meta.url));

/** Runs of hooks on one CPU that may be nested: a task, one that preempted it, interrupts. */
const SCRATCH_SLOTS = 4;

/** enum bpf_map_type and flags of include/uapi/linux/bpf.h */
const MAP_TYPES = { hash: 1, array: 2, lpm_trie: 11 } as const;
const BPF_F_NO_PREALLOC = 1;

const PROGRAMS: Readonly<Record<AttachTarget['by'], string>> = {
  fentry: 'hook_fentry',
  fexit: 'hook_fexit',
  lsm: 'hook_lsm',
  kprobe: 'hook_kprobe',
  tracepoint: 'hook_tracepoint',
  raw_tracepoint: 'hook_raw',
  sys_enter: 'hook_raw',
  sys_exit: 'hook_raw',
};

/** Maps that all hooks share, by their name in bpf/hook.bpf.c. */
export type SharedMaps = ReadonlyMap<string, BpfMap>;

/** Maps of bpf/hook.bpf.c that the first instance makes and the others use. */
export const SCRATCH_MAPS = ['hook_scratches', 'hook_busy'] as const;

/** A loaded program of a hook, with its tables filled. */
export class HookInstance {
  readonly program: BpfProgram;
  /** kernel memory of its own maps, bytes */
  readonly mapBytes: number;

  private constructor(program: BpfProgram, mapBytes: number) {
    this.program = program;
    this.mapBytes = mapBytes;
  }

  /**
   * Loads the program for `plan`. `instances` is the array of the hook's root. New scratch maps go to `onScratch`. Throws a
   * BpfError with the verifier's log when the kernel refuses it.
   */
  static load(
    plan: InstancePlan,
    identity: InstanceIdentity,
    secret: StringSecret,
    shared: SharedMaps,
    instances: BpfMap,
    onScratch: (name: string, map: BpfMap) => void,
  ): HookInstance {
    const object = new addon.BpfObject(OBJECT);
    try {
      const programName = PROGRAMS[plan.attach.by];
      for (const { name } of object.programs) object.setAutoload(name, name === programName);
      if ('functionName' in plan.attach && plan.attach.by !== 'kprobe')
        object.setAttachTarget(programName, plan.attach.functionName);
      object.setGlobal('config', configBytes(plan, identity, secret));
      object.setGlobal('automaton_class', Buffer.concat(plan.alphabets));
      object.setGlobal('scratch_slots', Uint8Array.from([SCRATCH_SLOTS, 0, 0, 0]));
      shapeTables(object, plan);
      const cpus = addon.possibleCpus();
      object.setMap('hook_scratches', { maxEntries: cpus * SCRATCH_SLOTS });
      object.setMap('hook_busy', { maxEntries: cpus });
      object.setMap('lanes', { maxEntries: cpus * EventLane.LANE_COUNT });
      for (const { name } of object.maps) {
        const map = name === 'instances' ? instances : shared.get(name);
        if (map !== undefined) object.reuseMap(name, map);
      }
      object.load();
      for (const name of SCRATCH_MAPS) if (!shared.has(name)) onScratch(name, object.map(name));
      const mapBytes = fillTables(object, plan);
      return new HookInstance(object.program(programName), mapBytes);
    } finally {
      object.close();
    }
  }

  close(): void {
    this.program.close();
  }
}

/** Sets type and sizes of the maps in use, and leaves the others out. */
function shapeTables(object: BpfObject, { dimensions }: InstancePlan): void {
  const shape = (name: string, table: Table | undefined): void => {
    if (table === undefined) { object.setMap(name, { autocreate: false }); return; }
    object.setMap(name, {
      type: MAP_TYPES[table.type],
      keySize: table.keyBytes,
      valueSize: table.valueBytes,
      maxEntries: Math.max(1, table.entries),
      flags: table.type === 'array' ? 0 : BPF_F_NO_PREALLOC,
    });
  };
  for (let d = 0; d < HookLimit.HOOK_DIMENSIONS_MAX; d++) {
    shape(`dimension_${d}`, dimensions[d]?.table);
    shape(`output_${d}`, dimensions[d]?.output);
  }
}

function fillTables(object: BpfObject, { dimensions }: InstancePlan): number {
  let bytes = 0;
  const fill = (name: string, table: Table | undefined): void => {
    if (table === undefined) return;
    const map = object.map(name);
    if (table.entries > 0) map.setBatch(table.keys, table.values, table.entries);
    bytes += map.info().memoryBytes;
    map.close();
  };
  dimensions.forEach(({ table, output }, d) => {
    fill(`dimension_${d}`, table);
    fill(`output_${d}`, output);
  });
  return bytes;
}
