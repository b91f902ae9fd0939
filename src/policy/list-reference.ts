// SPDX-License-Identifier: Apache-2.0
import type { Cursor } from './cursor.ts';
import type { List } from './model.ts';
import { alternatives, quote, suggest } from './quote.ts';
import type { ValueScope } from './value-scope.ts';

/** The list that a `list:NAME` names; undefined, and reported, when there is none or it holds no syscalls. */
export function readList(
  reference: Cursor,
  holds: 'syscalls' | 'functions',
  scope: ValueScope,
): List | undefined {
  const name = reference.text.slice('list:'.length);
  const list = scope.lists.get(name);
  if (list === undefined) {
    const names = [...scope.lists.keys()];
    const known =
      names.length === 0 ? 'Add it to spec.lists.' : `The lists are ${alternatives(names.map(quote))}.`;
    scope.refuse(reference, 'the name of a list in spec.lists', suggest(name, names, known));
    return undefined;
  }
  if (holds === 'functions' || list.type === 'syscalls' || list.type === 'generated_syscalls') return list;
  scope.refuse(reference, 'a list of syscalls', {
    remedy: `List ${quote(name)} needs "type: syscalls" or "type: generated_syscalls".`,
  });
  return undefined;
}
