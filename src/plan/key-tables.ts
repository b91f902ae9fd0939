// SPDX-License-Identifier: Apache-2.0
import { filesOf, numbersOf, stringsOf } from './condition.ts';
import type { RuleCondition } from './dimension-plan.ts';
import type { RuleMask } from './rule-mask.ts';
import type { StringSecret } from './string-key.ts';
import { writeFileKey, writeStringKey } from './string-key.ts';
import type { Table } from './table.ts';
import { makeTable, u64 } from './table.ts';

/** Hash of 64-bit words. */
export function numberTable(conditions: readonly RuleCondition[], miss: RuleMask): Table {
  const table = new MaskTable(miss);
  for (const { rule, condition } of conditions)
    for (const value of numbersOf(condition.accepted)) table.note(u64(value), rule, condition.negated);
  return table.table(8);
}

/** Hash of length and keyed hash; files stand among them by inode and device. */
export function stringTable(
  conditions: readonly RuleCondition[],
  miss: RuleMask,
  secret: StringSecret,
): Table {
  const table = new MaskTable(miss);
  for (const { rule, condition } of conditions) {
    for (const value of stringsOf(condition.accepted)) {
      const key = new Uint8Array(24);
      writeStringKey(new DataView(key.buffer), 0, value, secret);
      table.note(key, rule, condition.negated);
    }
    for (const file of filesOf(condition.accepted))
      table.note(writeFileKey(new Uint8Array(24), file), rule, condition.negated);
  }
  return table.table(24);
}

/** Key → mask, for conditions that accept whole keys. */
class MaskTable {
  readonly #miss: RuleMask;
  readonly #masks = new Map<string, { key: Uint8Array; mask: RuleMask }>();

  constructor(miss: RuleMask) {
    this.#miss = miss;
  }

  note(key: Uint8Array, rule: number, negated: boolean): void {
    const text = Buffer.from(key).toString('latin1');
    let entry = this.#masks.get(text);
    if (entry === undefined) this.#masks.set(text, (entry = { key, mask: this.#miss.clone() }));
    if (negated) entry.mask.remove(rule);
    else entry.mask.add(rule);
  }

  table(keyBytes: number): Table {
    const entries = [...this.#masks.values()];
    return makeTable(
      'hash',
      keyBytes,
      entries.map(({ key, mask }) => ({ key, value: mask.bytes })),
      this.#miss.bytes.length,
    );
  }
}
