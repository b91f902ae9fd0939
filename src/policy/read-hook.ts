// SPDX-License-Identifier: Apache-2.0
import type { Cursor } from './cursor.ts';
import type { Argument, Hook } from './model.ts';
import { ProblemCode } from './problem.ts';
import { quote } from './quote.ts';
import { readArgument } from './read-argument.ts';
import type { HookKind, HookScope, PolicyScope } from './scope.ts';

/** Shorter messages and tags are refused by Tetragon, since they say nothing. Longer ones than its 256 are kept. */
const SHORTEST = 2;

/** Parts that every kind of hook has. */
export type CommonParts = Pick<Hook, 'at' | 'args' | 'data' | 'message' | 'tags'>;

export function readCommon(
  cursor: Cursor,
  scope: PolicyScope,
  hook: { kind: HookKind; title: string; raw?: boolean; btfPath?: string | undefined },
): CommonParts {
  const argumentScope = { ...hook, report: scope.report };
  return {
    at: cursor.startAt,
    args: cursor.list('args').map((argument) => readArgument(argument, 'args', argumentScope)),
    data: cursor.list('data').map((argument) => readArgument(argument, 'data', argumentScope)),
    message: readMessage(cursor, scope, hook.title),
    tags: (cursor.isSoundAt('tags') ? cursor.list('tags') : []).map((tag) => {
      if (tag.text.length < SHORTEST)
        scope.report(
          ProblemCode.Value,
          tag.at,
          `Cannot use tag ${quote(tag.text)} in ${hook.title}: expected ${SHORTEST} or more characters`,
        );
      return tag.text;
    }),
  };
}

function readMessage(cursor: Cursor, { report }: PolicyScope, title: string): string {
  const message = cursor.field('message');
  if (message !== undefined && message.text !== '' && message.text.length < SHORTEST)
    report(
      ProblemCode.Value,
      message.at,
      `Cannot use message ${quote(message.text)} in ${title}: expected ${SHORTEST} or more characters`,
    );
  return message?.text ?? '';
}

/** The return of hooks that can report it. */
export interface ReturnParts {
  readonly returnArg: Argument | undefined;
  readonly returnArgAction: 'TrackSock' | 'UntrackSock' | undefined;
}

export function readReturn(
  cursor: Cursor,
  scope: PolicyScope,
  hook: { kind: HookKind; title: string; btfPath?: string | undefined },
): ReturnParts {
  const field = cursor.field('returnArg');
  const reports = cursor.isOn('return');
  const returnArg =
    field === undefined || !reports
      ? undefined
      : readArgument(field, 'returnArg', { ...hook, report: scope.report });
  return { returnArg, returnArgAction: readReturnAction(cursor, returnArg, scope, hook.title) };
}

function readReturnAction(
  cursor: Cursor,
  returnArg: Argument | undefined,
  { report }: PolicyScope,
  title: string,
): ReturnParts['returnArgAction'] {
  const field = cursor.field('returnArgAction');
  if (field === undefined || field.text === '') return undefined;
  const action = (['TrackSock', 'UntrackSock'] as const).find(
    (name) => name.toLowerCase() === field.text.toLowerCase(),
  );
  const refuse = (at: Cursor['at'], reason: string, remedy?: string): void =>
    report(
      ProblemCode.Action,
      at,
      `Cannot use returnArgAction ${quote(field.text)} in ${title}: ${reason}`,
      remedy === undefined ? {} : { remedy },
    );
  if (action === undefined)
    refuse(
      field.at,
      'expected TrackSock or UntrackSock',
      'Leave it out: returnArg alone shows the value in the event.',
    );
  else if (returnArg === undefined)
    refuse(field.nameAt, 'the hook does not report the return', 'Add "return: true" and "returnArg".');
  else if (returnArg.type !== 'sock' && returnArg.type !== 'socket')
    refuse(field.at, `returnArg is of type "${returnArg.spelling}", expected sock or socket`);
  return action;
}

/** Whether all of a hook but its selectors has passed the schema check, so that selectors can refer to it. */
export function isReadable(cursor: Cursor): boolean {
  return (
    !cursor.flawed &&
    [
      'call',
      'args',
      'data',
      'returnArg',
      'return',
      'subsystem',
      'event',
      'raw',
      'hook',
      'path',
      'btfPath',
    ].every((name) => cursor.isSoundAt(name))
  );
}

/** A name that must not be empty. */
export function readName(cursor: Cursor, name: string, what: string, { report }: PolicyScope): string {
  const field = cursor.field(name);
  if (field?.text === '')
    report(ProblemCode.Value, field.at, `Cannot use this ${what}: "${name}" is empty`, {
      remedy: 'Name what to hook.',
    });
  return field?.text ?? '';
}

/** What the selectors of a hook see of it. */
export function hookScope(
  scope: PolicyScope,
  hook: Pick<HookScope, 'kind' | 'title' | 'args' | 'data' | 'returnArg'> & { lsmHook?: string },
): HookScope {
  return { ...scope, ...hook };
}
