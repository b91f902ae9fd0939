// SPDX-License-Identifier: Apache-2.0
import type { BpfObject } from '../../native/index.d.ts';
import { HookLimit } from '../events/gen/layouts.ts';
import type { InstancePlan } from '../plan/instance-plan.ts';
import type { Table } from '../plan/table.ts';

/** enum bpf_map_type and flags of include/uapi/linux/bpf.h */
const MAP_TYPES = { hash: 1, array: 2, lpm_trie: 11 } as const;
const BPF_F_NO_PREALLOC = 1;

/** Sets type and sizes of the maps in use, and leaves the others out. */
export function shapeTables(object: BpfObject, { dimensions }: InstancePlan): void {
  const shape = (name: string, table: Table | undefined): void => {
    if (table === undefined) {
      object.setMap(name, { autocreate: false });
      return;
    }
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

/** Writes the rows. Returns the kernel memory of the tables, bytes. */
export function fillTables(object: BpfObject, { dimensions }: InstancePlan): number {
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
