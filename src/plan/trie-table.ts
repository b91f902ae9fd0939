// SPDX-License-Identifier: Apache-2.0
import { HookLimit } from '../events/gen/layouts.ts';
import { stringsOf } from './condition.ts';
import type { Dimension, RuleCondition } from './dimension-plan.ts';
import { PrefixCollector, maskPrefixes } from './prefix-table.ts';
import type { RuleMask } from './rule-mask.ts';
import { makeTable, u32 } from './table.ts';

/** Longest prefixes of strings, or of reversed strings for postfixes. */
export function trieTable(
  conditions: readonly RuleCondition[],
  miss: RuleMask,
): Pick<Dimension, 'count' | 'table'> {
  const collector = new PrefixCollector();
  let longest = 8;
  for (const { rule, condition } of conditions) {
    const isPostfix = condition.accepted.class === 'postfixes';
    for (const value of stringsOf(condition.accepted)) {
      longest = Math.max(longest, value.length);
      collector.add(rule, isPostfix ? value.toReversed() : value, value.length * 8, condition.negated);
    }
  }
  const bytes = Math.min((longest + 3) & ~3, HookLimit.HOOK_TRIE_BYTES);
  const rows = maskPrefixes(collector.entries, miss).map(({ entry, mask }) => {
    const key = new Uint8Array(4 + bytes);
    key.set(u32(entry.bits));
    key.set(entry.bytes, 4);
    return { key, value: mask.bytes };
  });
  return { count: bytes, table: makeTable('lpm_trie', 4 + bytes, rows, miss.bytes.length) };
}
