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
    'event is sent. What an action did is in the event, under `merlon`: `verdict`, and by which means, `rung` (see json.md). Where this ' +
    'kernel has no means, the policy is refused, unless `merlon.dev/accept-weaker` allows it.',
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
    action(
      ['Sigkill'],
      [],
      'Kills the process, when the function is entered. What it was doing may still be completed.',
      ['action-sigkill'],
    ),
    action(['Signal'], ['argSig'], 'Sends a signal to the process, when the function is entered.', [
      'action-signal',
    ]),
    action(
      ['Override'],
      ['argError', 'argRegs', 'argNewSymbol', 'argNewAddr', 'argNewOffset'],
      'The operation does not take place and returns `argError`: in LSM hooks and functions `security_*`, and in system calls and other ' +
        'functions that errors can be injected into (bpf_override_return; most kernels are built without it). A function of a program ' +
        'returns `argError`, or the program goes on with other registers (`argRegs`) or in another function (`argNewSymbol`, ' +
        '`argNewAddr`, an address of the file, `argNewOffset`, a place in it), where uprobes may change registers (Linux 6.18).',
      ['action-override', 'action-override-registers', 'action-override-place'],
    ),
    action(
      ['NotifyEnforcer', 'CleanupEnforcerNotification'],
      [],
      'Has the enforcers of the policy send `argSig` or return `argError` when the same thread makes one of their calls; ' +
        'CleanupEnforcerNotification takes that back. Where the hook is at the beginning of such a call it sends the signal itself. ' +
        'An error needs calls that Override can deny.',
      ['hook-enforcers'],
    ),
    action(
      ['Set'],
      ['argIndex', 'argValue'],
      'Writes an argument of a USDT probe that is in memory, where the kernel lets programs do so (not under lockdown).',
      ['action-set'],
    ),
  ],
};
