// SPDX-License-Identifier: Apache-2.0
import type { PlannedSet } from './plan-set.ts';

export type Change = 'new' | 'removed' | 'changed' | 'unchanged';

/** What becomes of policies and programs when one set takes the place of another, by their digests. */
export interface SetChanges {
  readonly policies: readonly {
    readonly namespace: string;
    readonly name: string;
    readonly change: Change;
  }[];
  readonly programs: readonly { readonly key: string; readonly part: number; readonly change: Change }[];
}

/** Both sets must have been planned by the same facts. */
export function compareSets(before: PlannedSet, after: PlannedSet): SetChanges {
  const named = ({ policies }: PlannedSet): { namespace: string; name: string; digest: string }[] =>
    policies.map(({ policy, digest }) => ({ namespace: policy.namespace ?? '', name: policy.name, digest }));
  const policyKey = ({ namespace, name }: { namespace: string; name: string }): string =>
    `${namespace}/${name}`;
  const programKey = ({ key, part }: { key: string; part: number }): string => `${part} ${key}`;
  return {
    policies: compare(named(before), named(after), policyKey).map(
      ({ item: { namespace, name }, change }) => ({
        ...{ namespace, name, change },
      }),
    ),
    programs: compare(before.programs, after.programs, programKey).map(({ item: { key, part }, change }) => ({
      ...{ key, part, change },
    })),
  };
}

/** What is removed comes last. */
function compare<Item extends { readonly digest: string }>(
  before: readonly Item[],
  after: readonly Item[],
  keyOf: (item: Item) => string,
): { item: Item; change: Change }[] {
  const old = new Map(before.map((item) => [keyOf(item), item]));
  const kept = new Set(after.map(keyOf));
  const changeOf = (item: Item): Change => {
    const known = old.get(keyOf(item));
    if (known === undefined) return 'new';
    return known.digest === item.digest ? 'unchanged' : 'changed';
  };
  return [
    ...after.map((item) => ({ item, change: changeOf(item) })),
    ...before.filter((item) => !kept.has(keyOf(item))).map((item) => ({ item, change: 'removed' as const })),
  ];
}
