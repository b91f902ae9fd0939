// SPDX-License-Identifier: Apache-2.0
import type { Feature, Section } from './feature.ts';
import { actionsTable } from './tables.ts';

function action(names: string[], fields: string[], text: string, examples: string[]): Feature {
  return {
    title: names.join(', '),
    covers: [...names.map((name) => `action.action=${name}`), ...fields.map((field) => `action.${field}`)],
    text,
    examples,
  };
}

/** What is done on a match. */
export const ACTIONS: Section = {
  title: 'Actions',
  intro:
    'What a selector does when it matches, in `matchActions`, or in `matchReturnActions` when the function returns. Without any, an ' +
    'event is sent. Actions that change what a process does are refused: this version observes.',
  parts: ['action'],
  tables: [actionsTable],
  features: [
    action(
      ['Post'],
      ['rateLimit', 'rateLimitScope', 'kernelStackTrace', 'userStackTrace'],
      'An event. `rateLimit` (seconds, or with `s`, `m`, `h`) sends one for the same values in this time, counted for a `thread`, ' +
        'a `process` or `global`ly; the values are compared whole.',
      ['action-post', 'action-post-stacks'],
    ),
    {
      title: 'Post with imaHash',
      covers: ['action.imaHash'],
      text: 'The hash that IMA has of the file; only in some LSM hooks.',
      examples: ['action-post-hash'],
    },
    action(['NoPost'], [], 'No event: an exception from the selectors behind it.', ['action-nopost']),
    action(
      ['GetUrl'],
      ['argUrl'],
      'The agent requests the URL. Policies of a namespace may do so only with `allow-policy-requests`.',
      ['action-get-url'],
    ),
    action(['DnsLookup'], ['argFqdn'], 'The agent looks up the name.', ['action-dns-lookup']),
    action(
      ['TrackSock', 'UntrackSock'],
      ['argSock'],
      'Ties a socket to the process: its later events, also in other processes and in none, name it in `merlon.sock_owner`. Where ' +
        'the kernel has trampolines, a socket has the process that opened it as its owner by itself.',
      ['action-track-sock'],
    ),
    {
      title: 'returnArgAction',
      covers: ['function.returnArgAction'],
      text: '`TrackSock` or `UntrackSock` for the socket that a function returns.',
      examples: ['action-track-returned-sock'],
    },
    action(['Sigkill'], [], 'Kills the process.', ['action-sigkill']),
    action(['Signal'], ['argSig'], 'Sends a signal to the process.', ['action-signal']),
    action(
      ['Override'],
      ['argError', 'argRegs', 'argNewSymbol', 'argNewAddr', 'argNewOffset'],
      'The call returns something else, or a program goes on elsewhere.',
      ['action-override', 'action-override-registers', 'action-override-place'],
    ),
    action(
      ['NotifyEnforcer', 'CleanupEnforcerNotification'],
      [],
      'Has an enforcer act on the call that this hook is a part of.',
      ['hook-enforcers'],
    ),
    action(['Set'], ['argIndex', 'argValue'], 'Writes an argument of a USDT probe.', ['action-set']),
  ],
};
