// SPDX-License-Identifier: Apache-2.0
import type { Policy } from '../policy/model.ts';
import type { PolicyHook } from './plan-policies.ts';
import { PlanError } from './plan-problem.ts';

/** Whether the whole paths of a policy also stand for the files that they lead to. */
export function matchesInodes({ extensions }: Policy): boolean {
  return extensions.get('match-inode') === 'true';
}

/** Throws a PlanError when a policy asks for it and compares no whole path. */
export function checkMatchInode(policy: Policy, hooks: Iterable<readonly PolicyHook[]>): void {
  if (!matchesInodes(policy)) return;
  const rules = [...hooks].flat().flatMap((hook) => hook.rules);
  const isUsed = rules.some(({ conditions }) =>
    conditions.some(({ accepted }) => accepted.class === 'strings' && accepted.files !== undefined),
  );
  if (isUsed) return;
  throw new PlanError(
    policy.at,
    'Cannot use annotation merlon.dev/match-inode: no selector compares a file, path, dentry or descriptor by Equal or NotEqual',
    'Name the files by their whole paths, or leave the annotation out.',
  );
}
