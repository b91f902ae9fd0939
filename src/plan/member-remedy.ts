// SPDX-License-Identifier: Apache-2.0
import { didYouMean } from '../base/nearest-name.ts';
import { structOf } from './auto-type.ts';
import type { OtherTypes } from './kernel-facts.ts';

/** What an error says beyond "Cannot resolve", which the message of the problem says itself. */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/^Cannot resolve "[^"]*" from "[^"]*"(?:: |, )/, '');
}

/** The nearest member where the path ends too early. */
export function memberRemedy(struct: string, path: string, types: OtherTypes): string {
  const names = path.split('.');
  let owner = struct;
  for (const [index, name] of names.entries()) {
    try {
      const end = types.resolvePath(struct, names.slice(0, index + 1).join('.'));
      const next = structOf(end.typeName);
      if (next === undefined) break;
      owner = next;
    } catch {
      const members = types.findStruct(owner)?.members.map((member) => member.name) ?? [];
      const wanted = name.replace(/\[.*$/s, '');
      if (members.includes(wanted)) break;
      return didYouMean(wanted, members.filter(Boolean)) ?? `Name a member of "struct ${owner}".`;
    }
  }
  return 'Name members that these types have.';
}
