// SPDX-License-Identifier: Apache-2.0
import type { BpfObject } from '../../native/index.d.ts';
import { DimensionKind, HookLimit } from '../events/gen/layouts.ts';
import type { InstancePlan } from '../plan/instance-plan.ts';
import type { Table } from '../plan/table.ts';

/** enum bpf_map_type and flags of include/uapi/linux/bpf.h */
const MAP_TYPES = { hash: 1, array: 2, lpm_trie: 11 } as const;
const BPF_F_NO_PREALLOC = 1;

/** Sets type and sizes of the maps in use, and leaves the others out. */
export function shapeTables(object: BpfObject, plan: InstancePlan): void {
  for (const [name, table] of tablesOf(plan)) {
    if (table === undefined) {
      object.setMap(name, { autocreate: false });
      continue;
    }
    object.setMap(name, {
      type: MAP_TYPES[table.type],
      keySize: table.keyBytes,
      valueSize: table.valueBytes,
      maxEntries: Math.max(1, table.entries),
      flags: table.type === 'array' ? 0 : BPF_F_NO_PREALLOC,
    });
  }
}

/** Writes the rows. Returns the kernel memory of the tables, bytes. */
export function fillTables(object: BpfObject, plan: InstancePlan): number {
  let bytes = 0;
  for (const [name, table] of tablesOf(plan)) {
    if (table === undefined) continue;
    const map = object.map(name);
    if (table.entries > 0) map.setBatch(table.keys, table.values, table.entries);
    bytes += map.info().memoryBytes;
    map.close();
  }
  return bytes;
}

/** The tables of the maps that dimensions use, by their name in bpf/hook.bpf.c; undefined: not in use. */
function tablesOf({ dimensions }: InstancePlan): Map<string, Table | undefined> {
  const tables = new Map<string, Table | undefined>();
  for (let d = 0; d < HookLimit.HOOK_DIMENSIONS_MAX; d++) {
    const isCel = dimensions[d]?.kind === DimensionKind.DIMENSION_CEL;
    tables.set(`dimension_${d}`, isCel ? undefined : dimensions[d]?.table);
    tables.set(`output_${d}`, isCel ? undefined : dimensions[d]?.output);
  }
  // A program has one dimension of expressions at most, with maps of their own.
  const cel = dimensions.find(({ kind }) => kind === DimensionKind.DIMENSION_CEL);
  return tables.set('cel_steps', cel?.table).set('cel_rules', cel?.output);
}
