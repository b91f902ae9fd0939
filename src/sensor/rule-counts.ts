// SPDX-License-Identifier: Apache-2.0
import type { Hook, HookPolicy } from '../events/hook.ts';
import type { ActionCounts } from './hook-instance.ts';
import { policyKey } from './policy-key.ts';

/** What a rule of a policy has counted. */
export interface RuleCount extends ActionCounts {
  /** times that it decided for its policy */
  readonly hits: bigint;
}

/** A program of a hook, and where it counts, by the number of the rule. */
export interface CountingProgram {
  readonly hook: Hook;
  readonly instance: { hits(): BigUint64Array; actionCounts(): ReadonlyMap<number, ActionCounts> };
}

/** One entry of a policy on a hook, with the counts of its rules in their order. */
export interface EntryCounts {
  readonly hook: Hook;
  readonly policy: HookPolicy;
  readonly counts: readonly RuleCount[];
}

/** Counts of policies' rules, over all programs that have served them: a change of one policy must not reset another's. */
export class RuleCounts {
  /** by policy, then by target, for each of the policy's entries there */
  readonly #before = new Map<string, Map<string, (readonly RuleCount[])[]>>();

  /**
   * What a target's policies have counted up to now, in the order of its programs' policies: before, and in the programs
   * that serve it now.
   */
  read(target: string, programs: readonly CountingProgram[]): EntryCounts[] {
    const entries = new Map<string, number>();
    return programs.flatMap(({ hook, instance }) => {
      const hits = instance.hits();
      const ofActions = instance.actionCounts();
      return hook.policies.map((policy) => {
        const name = policyKey(policy);
        const entry = entries.get(name) ?? 0;
        entries.set(name, entry + 1);
        const before = this.#before.get(name)?.get(target)?.[entry];
        const counts = policy.rules.map((_, index) => {
          const rule = policy.firstRule + index;
          return {
            hits: (hits[rule] ?? 0n) + (before?.[index]?.hits ?? 0n),
            suppressed: (ofActions.get(rule)?.suppressed ?? 0n) + (before?.[index]?.suppressed ?? 0n),
            acted: (ofActions.get(rule)?.acted ?? 0n) + (before?.[index]?.acted ?? 0n),
          };
        });
        return { hook, policy, counts };
      });
    });
  }

  /** Keeps what a target's programs have counted, when they have run for the last time. */
  keep(target: string, programs: readonly CountingProgram[]): void {
    const byPolicy = Map.groupBy(this.read(target, programs), ({ policy }) => policyKey(policy));
    for (const [name, entries] of byPolicy) {
      const targets = this.#before.get(name) ?? new Map<string, (readonly RuleCount[])[]>();
      targets.set(
        target,
        entries.map(({ counts }) => counts),
      );
      this.#before.set(name, targets);
    }
  }

  /** Forgets what a policy has counted that is out of force, or has become another. */
  forget(policy: string): void {
    this.#before.delete(policy);
  }
}
