// SPDX-License-Identifier: Apache-2.0
import type { BpfMap } from '../../native/index.d.ts';
import { PolicyMode } from '../events/gen/layouts.ts';
import { addon } from '../kernel/addon.ts';
import type { Policy } from '../policy/model.ts';

/** Most policies at once. */
const MODES_MAX = 65_536;

const MODES: Parameters<typeof addon.BpfMap.create>[0] = {
  name: 'policy_modes',
  type: 1, // BPF_MAP_TYPE_HASH
  keySize: 4,
  valueSize: 4,
  maxEntries: MODES_MAX,
  flags: 1, // BPF_F_NO_PREALLOC
};

/** A hit that met a policy may still be decided for a moment after it has gone. */
const HOLD_MS = 10_000;

/** Whether the rules of a policy act, or events only say what they would have done. */
export type Mode = 'enforce' | 'monitor';

/**
 * The modes that hooks read at each hit: a switch is one store. A policy that replaces another has a number of its own, so
 * each hit is decided by the mode of the policy that it met.
 */
export class PolicyModes {
  /** by number of the policy */
  readonly map: BpfMap = addon.BpfMap.create(MODES);
  readonly #numbers = new Map<Policy, number>();
  /** of policies that have gone, oldest first */
  readonly #gone: { readonly number: number; readonly at: number }[] = [];
  #next = 1;

  /** The number of a policy in the kernel; it keeps it while it is in force. */
  readonly numberOf = (policy: Policy): number => {
    let number = this.#numbers.get(policy);
    if (number === undefined) this.#numbers.set(policy, (number = this.#next++));
    return number;
  };

  set(policy: Policy, mode: Mode): void {
    const value = mode === 'monitor' ? PolicyMode.POLICY_MONITORS : PolicyMode.POLICY_ENFORCES;
    this.map.set(u32(this.numberOf(policy)), u32(value));
  }

  /** Forgets the policies that are not among these, and the modes of those that have gone long enough ago. */
  keep(policies: ReadonlySet<Policy>): void {
    const now = performance.now();
    for (const [policy, number] of this.#numbers) {
      if (policies.has(policy)) continue;
      this.#numbers.delete(policy);
      this.#gone.push({ number, at: now });
    }
    const kept = this.#gone.findIndex(({ at }) => now - at < HOLD_MS);
    const ended = this.#gone.splice(0, kept === -1 ? this.#gone.length : kept);
    for (const { number } of ended) this.map.delete(u32(number));
  }

  close(): void {
    this.map.close();
  }
}

function u32(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}
