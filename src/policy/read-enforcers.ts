// SPDX-License-Identifier: Apache-2.0
import type { Cursor } from './cursor.ts';
import type { Enforcer } from './model.ts';
import { ProblemCode } from './problem.ts';
import { quote } from './quote.ts';
import { readCall } from './read-function.ts';
import type { PolicyScope } from './scope.ts';

/** A syscall, with or without the prefix of an architecture, or a hook of the security modules. */
const ENFORCEABLE = /^(__(x64|ia32|arm64)_)?sys_\w|^security_\w/;

/** Reads spec.enforcers. Only syscalls and security_ functions can be made to return an error. */
export function readEnforcers(spec: Cursor, scope: PolicyScope): Enforcer[] {
  return spec
    .list('enforcers')
    .filter(({ sound }) => sound)
    .map((cursor) => {
      const calls = cursor.list('calls').flatMap((item) => {
        const call = readCall(item, 'the enforcer', scope);
        const names =
          call === undefined || (call.kind === 'list' && call.list.type !== 'plain')
            ? []
            : call.kind === 'list'
              ? call.list.values
              : [call.name];
        const wrong = names.find((name) => !ENFORCEABLE.test(name));
        if (wrong !== undefined)
          scope.report(
            ProblemCode.Value,
            item.at,
            `Cannot enforce on ${quote(wrong)}: expected a syscall such as "sys_open" or a function security_…`,
          );
        return call ?? [];
      });
      if (cursor.list('calls').length === 0)
        scope.report(ProblemCode.MissingField, cursor.startAt, 'Cannot use the enforcer: "calls" is empty', {
          remedy: 'Add the calls to act upon.',
        });
      return { calls, at: cursor.startAt };
    });
}
