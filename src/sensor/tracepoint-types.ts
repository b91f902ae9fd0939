// SPDX-License-Identifier: Apache-2.0
import type { Btf, BtfMember } from '../../native/index.d.ts';
import type { TracepointField } from '../plan/kernel-facts.ts';

/** Members that the kernel names for itself: DYNAMIC_ARRAY, and the end of every record (include/trace/stages/). */
const DYNAMIC = '__data_loc_';
const END = '__data';

/**
 * The fields of a tracepoint's record as its format file has them, from the kernel's struct for it; undefined when it has none
 * of that name, as with events of a class (DEFINE_EVENT) and those of system calls.
 */
export function recordFields(event: string, types: Pick<Btf, 'findStruct'>): TracepointField[] | undefined {
  const [entry, ...own] = types.findStruct(`trace_event_raw_${event}`)?.members ?? [];
  const common = types.findStruct('trace_entry')?.members;
  if (entry === undefined || common === undefined) return undefined;
  return [
    ...common.map((member) => ({ ...fieldOf(member), name: `common_${member.name}` })),
    ...own.filter(({ name }) => name !== END).map(fieldOf),
  ];
}

function fieldOf({ name, typeName, offsetBits, size }: BtfMember): TracepointField {
  const isDynamic = name.startsWith(DYNAMIC);
  return {
    name: isDynamic ? name.slice(DYNAMIC.length) : name,
    // The type of its elements is not kept; nearly all are texts.
    declaration: isDynamic ? '__data_loc char[]' : typeName,
    offset: offsetBits / 8,
    size,
    signed: !isDynamic && !/\bunsigned\b|\bu\d+\b/.test(typeName),
  };
}
