// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import type { Policy } from '../policy/model.ts';

/** A digest of what a policy says; where it stands in which file does not count. */
export function policyDigest(policy: Policy): string {
  return createHash('sha256').update(JSON.stringify(policy, plainValue)).digest('hex');
}

function plainValue(key: string, value: unknown): unknown {
  if (key === 'at' || key === 'fieldAt') return undefined;
  if (typeof value === 'bigint') return `${value}n`;
  return value instanceof Map ? [...(value as Map<unknown, unknown>)] : value;
}
