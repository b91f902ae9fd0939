// SPDX-License-Identifier: Apache-2.0
import type { Cursor } from './cursor.ts';
import type { FilterTarget } from './filter-target.ts';
import { expandMacros } from './macros.ts';
import type { Selector, ValueCondition } from './model.ts';
import { ProblemCode } from './problem.ts';
import { readActions } from './read-action.ts';
import {
  readBinaries,
  readCapabilities,
  readNamespaceChanges,
  readNamespaces,
  readPids,
} from './read-process-conditions.ts';
import { readValueCondition } from './read-value-condition.ts';
import { readWorkload } from './read-workload.ts';
import type { HookScope } from './scope.ts';

/** Reads the selectors of a hook. One that the schema check has refused is left out. */
export function readSelectors(hook: Cursor, scope: HookScope): Selector[] {
  return hook
    .list('selectors')
    .filter(({ sound }) => sound)
    .map((selector) => readSelector(selector, scope));
}

function readSelector(cursor: Cursor, scope: HookScope): Selector {
  const { withField } = expandMacros(cursor, scope);
  const field = (name: string): Cursor | undefined => withField(name)?.field(name);
  const values = (target: FilterTarget): ValueCondition[] =>
    (field(target.field)?.items ?? []).flatMap((item) => readValueCondition(item, target, scope) ?? []);
  const workload = field('matchWorkloads');
  checkReturn(field, scope);
  return {
    label: withField('label')?.optionalText('label'),
    pids: readPids(field('matchPIDs'), scope),
    args: values({ field: 'matchArgs', entries: scope.args, noun: 'args' }),
    data: values({ field: 'matchData', entries: scope.data, noun: 'data' }),
    returnArgs:
      scope.returnArg === undefined
        ? []
        : values({ field: 'matchReturnArgs', entries: [scope.returnArg], noun: 'returnArg' }),
    binaries: readBinaries(field('matchBinaries'), scope),
    parentBinaries: readBinaries(field('matchParentBinaries'), scope),
    namespaces: readNamespaces(field('matchNamespaces'), scope),
    namespaceChanges: readNamespaceChanges(field('matchNamespaceChanges'), scope),
    capabilities: readCapabilities(field('matchCapabilities'), scope),
    capabilityChanges: readCapabilities(field('matchCapabilityChanges'), scope),
    workload: workload === undefined ? undefined : readWorkload(workload, scope.report),
    actions: readActions(field('matchActions'), scope),
    returnActions: readActions(field('matchReturnActions'), scope),
    at: cursor.startAt,
  };
}

/** Filters and actions of the return need a hook that sees it. */
function checkReturn(field: (name: string) => Cursor | undefined, scope: HookScope): void {
  if (scope.returnArg !== undefined) return;
  const canReturn = scope.kind === 'kprobe' || scope.kind === 'fentry' || scope.kind === 'uprobe';
  for (const name of ['matchReturnArgs', 'matchReturnActions']) {
    const there = field(name);
    if (there === undefined) continue;
    scope.report(
      ProblemCode.Conflict,
      there.nameAt,
      `Cannot use ${name} in ${scope.title}: ${canReturn ? 'the hook does not report the return' : 'this kind of hook does not see the return'}`,
      { remedy: canReturn ? 'Add "return: true" and "returnArg".' : 'Delete it, or use a kprobe.' },
    );
  }
}
