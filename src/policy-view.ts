// SPDX-License-Identifier: Apache-2.0
import type { PolicyView } from './api/index.ts';
import { policyEnforces } from './plan/plan-enforcement.ts';
import { remarkOn } from './plan/function-target.ts';
import type { KernelFacts } from './plan/kernel-facts.ts';
import type { LoadedHook } from './sensor/hook-programs.ts';
import type { PolicyEntry } from './sensor/policy-set.ts';
import type { EntryCounts } from './sensor/rule-counts.ts';
import { policyKey } from './sensor/policy-key.ts';

/** Policies as the door shows them, with the hooks of those in force. */
export function viewPolicies(
  entries: readonly PolicyEntry[],
  hooks: readonly LoadedHook[],
  counts: readonly EntryCounts[],
  facts: KernelFacts,
): PolicyView[] {
  const hooksOf = new Map(hooks.map((hook) => [hook.hook, hook]));
  const byPolicy = Map.groupBy(counts, ({ policy }) => policyKey(policy));
  return entries.map(({ policy, domain, id, state, mode, error }) => {
    const own = (byPolicy.get(policyKey(policy)) ?? []).flatMap((entry) => {
      const loaded = hooksOf.get(entry.hook);
      return loaded === undefined ? [] : [{ ...entry, loaded }];
    });
    return {
      name: policy.name,
      namespace: policy.namespace ?? '',
      ...{ domain, id, state, file: policy.at.file },
      mode: policyEnforces(policy) ? mode : 'monitor_only',
      error: error === undefined ? '' : [error.message, error.remedy].filter(Boolean).join('\n'),
      // A share of what the policy has in common with others.
      kernelMemoryBytes: own.reduce(
        (sum, { loaded, hook }) => sum + Math.ceil(loaded.mapBytes / hook.policies.length),
        0,
      ),
      hooks: own.map(({ loaded, hook, policy: { rules }, counts: ofRules }) => ({
        id: hook.id,
        attachedTo: loaded.key,
        why: remarkOn(loaded.attach, facts),
        policies: new Set(hook.policies.map(policyKey)).size,
        runs: loaded.info.runCount,
        runTimeNs: loaded.info.runTimeNs,
        selectors: rules.map(({ label = '', action, enforcement }, index) => ({
          ...{
            label,
            action,
            rung: enforcement?.rung ?? '',
            hits: ofRules[index]?.hits ?? 0n,
            suppressed: ofRules[index]?.suppressed ?? 0n,
            acted: ofRules[index]?.acted ?? 0n,
            does: { denies: (enforcement?.error ?? 0) !== 0, signals: (enforcement?.signal ?? 0) !== 0 },
          },
        })),
      })),
    };
  });
}

/** The hooks with only the runs since an earlier look; all of them where the root is another by now. */
export function sinceThen(now: readonly LoadedHook[], then: readonly LoadedHook[]): LoadedHook[] {
  const earlier = new Map(then.map(({ info }) => [info.id, info]));
  return now.map((hook) => {
    const { id, runCount, runTimeNs } = hook.info;
    const before = earlier.get(id);
    const info = {
      ...hook.info,
      runCount: runCount - (before?.runCount ?? 0n),
      runTimeNs: runTimeNs - (before?.runTimeNs ?? 0n),
    };
    return { ...hook, info };
  });
}
