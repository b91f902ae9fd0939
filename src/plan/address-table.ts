// SPDX-License-Identifier: Apache-2.0
import type { RuleCondition } from './dimension-plan.ts';
import { PrefixCollector, maskPrefixes } from './prefix-table.ts';
import type { RuleMask } from './rule-mask.ts';
import type { Table } from './table.ts';
import { makeTable, u32 } from './table.ts';

/** struct address_key: the prefix length, family 4 or 6, the address, three bytes of zeros. */
export function addressTable(conditions: readonly RuleCondition[], miss: RuleMask): Table {
  const collector = new PrefixCollector();
  for (const { rule, condition } of conditions) {
    if (condition.accepted.class !== 'addresses') continue;
    for (const { address, prefixLength } of condition.accepted.networks) {
      const bytes = new Uint8Array(20);
      bytes[0] = address.length === 4 ? 4 : 6;
      bytes.set(maskAddress(address, prefixLength), 1);
      collector.add(rule, bytes, 8 + prefixLength, condition.negated);
    }
  }
  const rows = maskPrefixes(collector.entries, miss).map(({ entry, mask }) => ({
    key: Buffer.concat([u32(entry.bits), entry.bytes]),
    value: mask.bytes,
  }));
  return makeTable('lpm_trie', 24, rows, miss.bytes.length);
}

function maskAddress(address: Uint8Array, prefixLength: number): Uint8Array {
  return address.map((byte, index) => {
    const kept = Math.max(0, Math.min(8, prefixLength - index * 8));
    return byte & (0xff00 >> kept) & 0xff;
  });
}
