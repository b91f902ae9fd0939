// SPDX-License-Identifier: Apache-2.0
import type { Cursor } from './cursor.ts';
import { readList } from './list-reference.ts';
import type { Call, KprobeHook } from './model.ts';
import { ProblemCode } from './problem.ts';
import { quote } from './quote.ts';
import { hookScope, isReadable, readCommon, readName, readReturn } from './read-hook.ts';
import { isFunctionName, isSyscallName } from './read-lists.ts';
import { readSelectors } from './read-selector.ts';
import type { PolicyScope } from './scope.ts';

/** Reads an item of kprobes or fentries; undefined when the schema check has refused it. */
export function readFunctionHook(
  cursor: Cursor,
  kind: 'kprobe' | 'fentry',
  scope: PolicyScope,
): KprobeHook | undefined {
  if (!isReadable(cursor)) return undefined;
  const title = `${kind} ${quote(cursor.textOf('call'))}`;
  const name = readName(cursor, 'call', kind, scope);
  const isCall = cursor.isOn('syscall') ? isSyscallName : isFunctionName;
  const call = name === '' ? undefined : readCall(cursor.field('call') ?? cursor, title, scope, isCall);
  const common = readCommon(cursor, scope, { kind, title });
  const returns = readReturn(cursor, scope, { kind, title });
  const selectors = readSelectors(
    cursor,
    hookScope(scope, { kind, title, ...common, returnArg: returns.returnArg }),
  );
  if (call === undefined) return undefined;
  const listsSyscalls =
    call.kind === 'list' && (call.list.type === 'syscalls' || call.list.type === 'generated_syscalls');
  return {
    kind,
    ...common,
    ...returns,
    selectors,
    call,
    syscall: listsSyscalls || cursor.isOn('syscall'),
    ignoreCallNotFound: cursor.field('ignore')?.isOn('callNotFound') ?? false,
  };
}

/** A function, or `list:NAME`; undefined, and reported, when it cannot be one. */
export function readCall(
  cursor: Cursor,
  title: string,
  scope: PolicyScope,
  isName = isFunctionName,
): Call | undefined {
  const refuse = (at: Cursor, expected: string, more?: { remedy?: string }): void =>
    scope.report(
      cursor.text.startsWith('list:') ? ProblemCode.Reference : ProblemCode.Value,
      at.at,
      `Cannot hook ${quote(at.text)} in ${title}: expected ${expected}`,
      more,
    );
  if (cursor.text.startsWith('list:')) {
    const list = readList(cursor, 'functions', { lists: scope.lists, refuse });
    return list === undefined ? undefined : { kind: 'list', list, at: cursor.at };
  }
  if (isName(cursor.text)) return { kind: 'function', name: cursor.text, at: cursor.at };
  refuse(cursor, 'the name of a function');
  return undefined;
}
