// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { actionBytes, configBytes, writesBytes } from './config-bytes.ts';
import type { InstancePlan } from './instance-plan.ts';
import type { StringSecret } from './string-key.ts';

/** A digest of everything that shapes the program and its tables: plans of equal digests need one program. */
export function digestOf(plan: InstancePlan, secret: StringSecret): string {
  const hash = createHash('sha256').update(
    configBytes(plan, { hook: 0, generation: 0, next: 0, continues: false }, secret),
  );
  for (const alphabet of plan.alphabets) hash.update(alphabet);
  for (const action of plan.actions) {
    hash.update(`${action.rule}`).update(actionBytes(action));
    hash.update(JSON.stringify(action.notification.calls));
    if (action.writes.length > 0) hash.update(writesBytes(action));
  }
  for (const { table, output } of plan.dimensions)
    for (const part of [table, output])
      if (part !== undefined)
        hash.update(`${part.type},${part.keyBytes},${part.valueBytes}`).update(part.keys).update(part.values);
  // What events show of the policies.
  hash.update(
    JSON.stringify([plan.policies, plan.shown], (_, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value,
    ),
  );
  return hash.digest('hex');
}
