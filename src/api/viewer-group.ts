// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { AgentError, ErrorCode } from '../base/errors.ts';
import { didYouMean } from '../base/nearest-name.ts';

/**
 * The id of a group given by name or number. Names are looked up in /etc/group only, so a group that another name
 * service defines has to be given by its number. Throws ERR_SETTING for an unknown name.
 */
export function resolveGroup(group: string, file = '/etc/group'): number {
  if (/^\d{1,10}$/.test(group)) return Number(group);
  // name:password:gid:members
  const entries = readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const gid = Number(entries.find(([name]) => name === group)?.[2] ?? NaN);
  if (Number.isInteger(gid)) return gid;
  const near = didYouMean(group, entries.map(([name]) => name ?? '').filter(Boolean));
  throw new AgentError(
    ErrorCode.Setting,
    `Cannot use "${group}" as viewer-group: ${file} has no such group`,
    {
      remedy: `${near === undefined ? '' : `${near} `}Create it with "groupadd --system ${group}", or give its number.`,
    },
  );
}
