// SPDX-License-Identifier: Apache-2.0
/** What a program will cost, before it is loaded. docs/performance.md says where the figures come from. */
import { DimensionKind, RuleAction } from '../events/gen/layouts.ts';
import type { InstancePlan } from './instance-plan.ts';
import type { Table } from './table.ts';
import type { ValuePlan } from './value-plan.ts';

/** struct bpf_map; with the counters and locks of a hash table */
const [MAP_BYTES, HASH_BYTES] = [320, 1024];
/** struct bucket and struct htab_elem of kernel/bpf/hashtab.c, struct lpm_trie_node of kernel/bpf/lpm_trie.c */
const [BUCKET_BYTES, ELEMENT_BYTES, NODE_BYTES] = [16, 48, 40];

/** Kernel memory of the program's own maps. */
export function estimatedBytes({ dimensions, actions, words }: InstancePlan): number {
  const tables = dimensions.flatMap(({ table, output }) =>
    output === undefined ? [table] : [table, output],
  );
  const limits = actions.length === 0 ? 0 : MAP_BYTES + words * 64 * RuleAction.sizeof;
  return tables.reduce((sum, table) => sum + tableBytes(table), limits);
}

function tableBytes({ type, keyBytes, valueBytes, entries }: Table): number {
  const round = (bytes: number): number => (bytes + 7) & ~7;
  const count = Math.max(1, entries);
  switch (type) {
    case 'hash': {
      const buckets = 2 ** Math.ceil(Math.log2(count));
      return (
        HASH_BYTES + buckets * BUCKET_BYTES + entries * (ELEMENT_BYTES + round(keyBytes) + round(valueBytes))
      );
    }
    case 'lpm_trie':
      // Between two nodes that differ there is a third.
      return MAP_BYTES + Math.max(0, 2 * entries - 1) * round(NODE_BYTES + keyBytes - 4 + valueBytes);
    case 'array':
      return MAP_BYTES + count * round(valueBytes);
  }
}

/** Nanoseconds, of docs/performance.md. */
const RUN_NS = 60;
const WORD_NS = 7;
const NUMBER_NS = 10;
const TEXT_NS = 80;
const PATH_NS = 250;
const SOCKET_NS = 50;
const STEP_NS = 5;
const LOOKUP_NS: Readonly<Record<number, number>> = {
  [DimensionKind.DIMENSION_NUMBER]: 20,
  [DimensionKind.DIMENSION_RANGE]: 30,
  [DimensionKind.DIMENSION_BITS]: 30,
  [DimensionKind.DIMENSION_STRING]: 40,
  [DimensionKind.DIMENSION_ADDRESS]: 40,
  [DimensionKind.DIMENSION_PREFIX]: 40,
  [DimensionKind.DIMENSION_POSTFIX]: 40,
  [DimensionKind.DIMENSION_SUBSTRING]: 150,
};

/** Time of a hit that every dimension looks at and no rule matches; an event that is sent costs about a microsecond more. */
export function estimatedNs({ values, dimensions, words }: InstancePlan): number {
  const reads = values.reduce((sum, value) => sum + valueNs(value), 0);
  const lookups = dimensions.reduce((sum, { kind }) => sum + (LOOKUP_NS[kind] ?? 0), 0);
  return RUN_NS + (words - 1) * WORD_NS + reads + lookups;
}

function valueNs({ shown: { form }, path }: ValuePlan): number {
  const byForm: Partial<Record<typeof form, number>> = {
    ...{ number: NUMBER_NS, path: PATH_NS },
    ...{ string: TEXT_NS, bytes: TEXT_NS, sockaddr_un: TEXT_NS },
  };
  return (byForm[form] ?? SOCKET_NS) + path.length * STEP_NS;
}
