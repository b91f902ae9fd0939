// SPDX-License-Identifier: Apache-2.0
import type { PolicyKind } from './crd.ts';
import type { Cursor } from './cursor.ts';
import { readMacros } from './macros.ts';
import type { Hook, Policy } from './model.ts';
import type { OnProblem } from './problem.ts';
import { readEnforcers } from './read-enforcers.ts';
import { readExtensions } from './read-extensions.ts';
import { readFunctionHook } from './read-function.ts';
import { readLsmHook, readTracepoint } from './read-kernel-hook.ts';
import { readLists } from './read-lists.ts';
import { readOptions } from './read-options.ts';
import { readUprobe, readUsdt } from './read-user-hook.ts';
import { readLabelSelector, readWorkload } from './read-workload.ts';
import type { PolicyScope, Report } from './scope.ts';

/**
 * Reads a document that the schema check has seen into the model; what cannot mean anything is reported. Parts that the
 * schema check has refused are left out, so the result is a policy only if there was no problem at all.
 */
export function readPolicy(kind: PolicyKind, root: Cursor, onProblem: OnProblem): Policy {
  const report: Report = (code, at, message, more = {}) => onProblem({ code, at, message, ...more });
  const metadata = root.field('metadata');
  const spec = root.field('spec') ?? root;
  const scope: PolicyScope = {
    report,
    lists: readLists(spec, report),
    macros: readMacros(spec, report),
    hasEnforcers: spec.list('enforcers').length > 0,
  };
  return {
    kind,
    name: metadata?.textOf('name') ?? '',
    namespace: metadata?.optionalText('namespace'),
    extensions: readExtensions(metadata, report),
    at: root.startAt,
    hooks: readHooks(spec, scope),
    loader: spec.isOn('loader'),
    lists: [...scope.lists.values()],
    enforcers: readEnforcers(spec, scope),
    workload: readWorkload(spec, report),
    nodeSelector: readLabelSelector(spec.field('nodeSelector'), report),
    options: readOptions(spec, report),
  };
}

function readHooks(spec: Cursor, scope: PolicyScope): Hook[] {
  return [
    ...spec.list('kprobes').map((cursor) => readFunctionHook(cursor, 'kprobe', scope)),
    ...spec.list('fentries').map((cursor) => readFunctionHook(cursor, 'fentry', scope)),
    ...spec.list('tracepoints').map((cursor) => readTracepoint(cursor, scope)),
    ...spec.list('lsmhooks').map((cursor) => readLsmHook(cursor, scope)),
    ...spec.list('uprobes').map((cursor) => readUprobe(cursor, scope)),
    ...spec.list('usdts').map((cursor) => readUsdt(cursor, scope)),
  ].filter((hook) => hook !== undefined);
}
