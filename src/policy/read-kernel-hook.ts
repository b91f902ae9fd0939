// SPDX-License-Identifier: Apache-2.0
import type { Cursor } from './cursor.ts';
import type { LsmHook, TracepointHook } from './model.ts';
import { quote } from './quote.ts';
import { hookScope, isReadable, readCommon, readName } from './read-hook.ts';
import { readSelectors } from './read-selector.ts';
import type { PolicyScope } from './scope.ts';

/** Reads an item of tracepoints; undefined when the schema check has refused it. */
export function readTracepoint(cursor: Cursor, scope: PolicyScope): TracepointHook | undefined {
  if (!isReadable(cursor)) return undefined;
  const subsystem = readName(cursor, 'subsystem', 'tracepoint', scope);
  const event = readName(cursor, 'event', 'tracepoint', scope);
  const raw = cursor.isOn('raw');
  const kind = 'tracepoint';
  const title = `tracepoint ${quote(`${subsystem}/${event}`)}`;
  const common = readCommon(cursor, scope, { kind, title, raw });
  const selectors = readSelectors(cursor, hookScope(scope, { kind, title, ...common, returnArg: undefined }));
  return { kind, ...common, selectors, subsystem, event, raw };
}

/** Reads an item of lsmhooks; undefined when the schema check has refused it. */
export function readLsmHook(cursor: Cursor, scope: PolicyScope): LsmHook | undefined {
  if (!isReadable(cursor)) return undefined;
  const hook = readName(cursor, 'hook', 'LSM hook', scope);
  const kind = 'lsm';
  const title = `LSM hook ${quote(hook)}`;
  const common = readCommon(cursor, scope, { kind, title });
  const selectors = readSelectors(
    cursor,
    hookScope(scope, { kind, title, ...common, returnArg: undefined, lsmHook: hook }),
  );
  return { kind, ...common, selectors, hook };
}
