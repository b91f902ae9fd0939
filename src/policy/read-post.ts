// SPDX-License-Identifier: Apache-2.0
import { IMA_HOOKS } from './action-rules.ts';
import type { Cursor } from './cursor.ts';
import type { Action, RateLimit } from './model.ts';
import { alternatives, quote, suggest } from './quote.ts';
import { parseRateLimit } from './rate-limit.ts';
import type { ActionScope } from './read-action.ts';

const SCOPES = ['thread', 'process', 'global'] as const;

/** Reads the action Post. */
export function readPost(cursor: Cursor, scope: ActionScope): Action {
  for (const name of ['kernelStackTrace', 'userStackTrace']) {
    if (scope.kind === 'lsm' && cursor.isOn(name))
      scope.refuse(cursor.field(name)?.nameAt ?? cursor.startAt, `an LSM hook takes no ${name}`, {
        remedy: 'Delete it.',
      });
  }
  const imaHash = cursor.isOn('imaHash');
  if (imaHash && !IMA_HOOKS.includes(scope.lsmHook ?? ''))
    scope.refuse(
      cursor.field('imaHash')?.nameAt ?? cursor.startAt,
      `the file cannot be hashed here, expected the LSM hook ${alternatives(IMA_HOOKS)}`,
    );
  return {
    kind: 'Post',
    rateLimit: readRateLimit(cursor, scope),
    kernelStackTrace: cursor.isOn('kernelStackTrace'),
    userStackTrace: cursor.isOn('userStackTrace'),
    imaHash,
    at: cursor.startAt,
  };
}

function readRateLimit(cursor: Cursor, { refuse }: ActionScope): RateLimit | undefined {
  const limit = cursor.field('rateLimit');
  const field = cursor.field('rateLimitScope');
  const name = field?.text ?? '';
  const scope = name === '' ? 'thread' : SCOPES.find((known) => known === name);
  if (field !== undefined && scope === undefined)
    refuse(
      field.at,
      `rateLimitScope ${quote(name)} is unknown, expected ${alternatives(SCOPES)}`,
      suggest(name, SCOPES),
    );
  if (limit === undefined || limit.text === '') {
    if (field !== undefined && name !== '')
      refuse(field.nameAt, 'rateLimitScope has no effect without rateLimit', { remedy: 'Add "rateLimit".' });
    return undefined;
  }
  const intervalMs = parseRateLimit(limit.text);
  if (intervalMs === undefined)
    refuse(
      limit.at,
      `rateLimit ${quote(limit.text)} is no time, expected a number with or without s, m or h`,
    );
  return intervalMs === undefined || intervalMs === 0 || scope === undefined
    ? undefined
    : { intervalMs, scope };
}
