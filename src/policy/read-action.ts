// SPDX-License-Identifier: Apache-2.0
import type { ActionKind } from './action-rules.ts';
import { ACTION_RULES } from './action-rules.ts';
import type { Cursor } from './cursor.ts';
import type { Action } from './model.ts';
import { ProblemCode } from './problem.ts';
import { alternatives, quote } from './quote.ts';
import { readOverride } from './read-override.ts';
import { readPost } from './read-post.ts';
import type { HookScope } from './scope.ts';

/** What the readers of single actions use: reports at a parameter, or at the action. */
export interface ActionScope extends HookScope {
  readonly refuse: (at: Cursor['at'], reason: string, more?: { remedy?: string }) => void;
}

/** Reads matchActions or matchReturnActions; an action that cannot be used is reported and left out. */
export function readActions(field: Cursor | undefined, scope: HookScope): Action[] {
  const actions = (field?.items ?? []).flatMap((cursor) => readAction(cursor, scope) ?? []);
  const [, second] = actions.filter(({ kind }) => kind === 'Override');
  if (second !== undefined)
    scope.report(
      ProblemCode.Conflict,
      second.at,
      `Cannot use Override twice in one selector of ${scope.title}`,
      { remedy: 'Delete one of them.' },
    );
  return actions;
}

function readAction(cursor: Cursor, hook: HookScope): Action | undefined {
  const kind = cursor.textOf('action') as ActionKind;
  const scope: ActionScope = {
    ...hook,
    refuse: (at, reason, more) => {
      hook.report(ProblemCode.Action, at, `Cannot use action ${kind} in ${hook.title}: ${reason}`, more);
    },
  };
  if (!checkParameters(cursor, kind, scope)) return undefined;
  const at = cursor.startAt;
  switch (kind) {
    case 'Post':
      return readPost(cursor, scope);
    case 'Override':
      return readOverride(cursor, scope);
    case 'Signal': {
      const signal = readSignal(cursor, scope);
      return signal === undefined ? undefined : { kind, signal, at };
    }
    case 'GetUrl': {
      const url = cursor.field('argUrl');
      if (url !== undefined && isHttpUrl(url.text)) return { kind, url: url.text, at };
      scope.refuse(url?.at ?? at, `argUrl ${quote(url?.text ?? '')} is no URL, expected http:// or https://`);
      return;
    }
    case 'DnsLookup': {
      const fqdn = cursor.field('argFqdn');
      if (fqdn !== undefined && isDnsName(fqdn.text)) return { kind, fqdn: fqdn.text, at };
      scope.refuse(
        fqdn?.at ?? at,
        `argFqdn ${quote(fqdn?.text ?? '')} is no DNS name, expected such as example.org`,
      );
      return;
    }
    case 'TrackSock':
    case 'UntrackSock': {
      const argument = readEntry(cursor, 'argSock', scope);
      const type = argument === undefined ? undefined : scope.args[argument];
      if (argument === undefined || type === undefined) return undefined;
      if (type.type === 'sock' || type.type === 'socket') return { kind, argument, at };
      scope.refuse(
        cursor.field('argSock')?.at ?? at,
        `argument ${argument} is of type "${type.spelling}", expected sock or socket`,
      );
      return;
    }
    case 'NotifyEnforcer':
      return readNotification(cursor, scope);
    case 'Set': {
      const argument = readEntry(cursor, 'argIndex', scope);
      return argument === undefined
        ? undefined
        : { kind, argument, value: cursor.field('argValue')?.number ?? 0, at };
    }
    default:
      return { kind, at };
  }
}

/** A parameter that an action does not take must not stand there; a switch that is off says nothing. */
function checkParameters(cursor: Cursor, kind: ActionKind, { kind: hook, refuse }: ActionScope): boolean {
  const { required, optional, hooks, reason } = ACTION_RULES[kind];
  const at = cursor.field('action')?.at ?? cursor.startAt;
  if (hooks?.includes(hook) === false) {
    refuse(at, reason ?? 'this kind of hook cannot carry it', {
      remedy: `It belongs to a hook of the kind ${alternatives(hooks)}.`,
    });
    return false;
  }
  const takes = [...required, ...optional];
  let fits = true;
  for (const name of cursor.names) {
    const parameter = cursor.field(name);
    if (name === 'action' || takes.includes(name) || parameter === undefined || parameter.data === false)
      continue;
    const others = Object.entries(ACTION_RULES).filter(([, rule]) =>
      [...rule.required, ...rule.optional].includes(name),
    );
    refuse(
      parameter.nameAt,
      `it takes no ${name}, which belongs to ${alternatives(others.map(([other]) => other))}`,
    );
    fits = false;
  }
  const missing = required.find((name) => cursor.field(name) === undefined);
  if (missing !== undefined) refuse(at, `parameter "${missing}" is missing`, { remedy: 'Add it.' });
  return fits && missing === undefined;
}

/** A place in the hook's args; the first one without. */
function readEntry(cursor: Cursor, name: string, { args, refuse }: ActionScope): number | undefined {
  const field = cursor.field(name);
  const entry = field?.number ?? 0;
  if (args[entry] !== undefined) return entry;
  const there =
    args.length === 0 ? 'the hook has no args' : `the hook has ${args.length} args, counted from 0`;
  refuse(field?.at ?? cursor.startAt, `${name} ${entry} names no argument: ${there}`, {
    remedy: 'Delete it.',
  });
}

/** A signal that can be sent; undefined, and reported, for other numbers. */
function readSignal(cursor: Cursor, { refuse }: ActionScope): number | undefined {
  const field = cursor.field('argSig');
  const signal = field?.number ?? 0;
  if (signal >= 1 && signal <= 64) return signal;
  refuse(field?.at ?? cursor.startAt, `argSig ${signal} is no signal, expected 1 to 64`);
}

function readNotification(cursor: Cursor, scope: ActionScope): Action | undefined {
  const at = cursor.startAt;
  const { refuse } = scope;
  const error = cursor.field('argError');
  const action = cursor.field('action')?.at ?? at;
  if (!scope.hasEnforcers) {
    refuse(action, 'the policy has no enforcers', { remedy: 'Add the calls to spec.enforcers.' });
    return;
  }
  if (error === undefined && cursor.field('argSig') === undefined) {
    refuse(action, 'parameters "argError" and "argSig" are missing', {
      remedy: 'Add what the call returns, or the signal.',
    });
    return;
  }
  if (error !== undefined && (error.number > 0 || error.number < -4095)) {
    refuse(error.at, `argError ${error.number} is no error, expected -1 to -4095`);
    return;
  }
  const signal = (cursor.field('argSig')?.number ?? 0) === 0 ? 0 : readSignal(cursor, scope);
  return signal === undefined ? undefined : { kind: 'NotifyEnforcer', error: error?.number ?? 0, signal, at };
}

function isHttpUrl(text: string): boolean {
  return /^https?:\/\//i.test(text) && URL.canParse(text);
}

function isDnsName(text: string): boolean {
  const labels = text.replace(/\.$/, '').split('.');
  return (
    text.length <= 254 &&
    labels.every((label) => /^[A-Za-z0-9_]([-A-Za-z0-9_]{0,61}[A-Za-z0-9_])?$/.test(label))
  );
}
