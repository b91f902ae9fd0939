// SPDX-License-Identifier: Apache-2.0
import type { OpenApi } from './openapi.ts';
import { flag, int32, int64, list, object, oneOf, text, texts } from './openapi.ts';

const ACTIONS = [
  ...['Post', 'Sigkill', 'Override', 'GetUrl', 'DnsLookup', 'NoPost', 'Signal', 'TrackSock', 'UntrackSock'],
  ...['NotifyEnforcer', 'CleanupEnforcerNotification', 'Set'],
];

/** What is done when a selector matches. */
export function actions(description: string): OpenApi {
  return list(
    description,
    object(
      'An action with its parameters.',
      {
        'action!': oneOf('What to do.', ACTIONS),
        rateLimit: text('Post: at most one like event in this time, such as 5, 30s, 5m or 1h.'),
        rateLimitScope: text('Post: events are alike within a thread (default), a process, or global.'),
        kernelStackTrace: flag('Post: add the stack of the kernel.'),
        userStackTrace: flag('Post: add the stack of the process.'),
        imaHash: flag('Post, LSM hooks: add the hash of the file.'),
        argError: int32('Override, NotifyEnforcer: what the call returns, such as -1 for EPERM.'),
        argSig: int32('Signal, NotifyEnforcer: number of the signal.'),
        argSock: int32('TrackSock, UntrackSock: position of the socket in the args of the hook.'),
        argUrl: text('GetUrl: what the agent requests.'),
        argFqdn: text('DnsLookup: the name that the agent looks up.'),
        argIndex: int32('Set: position in the args of the hook.'),
        argValue: int32('Set: the value to write.'),
        argRegs: texts('Override, uprobes: registers to assign, such as "rax=11".'),
        argNewSymbol: text('Override, uprobes: symbol to go on at.'),
        argNewAddr: int64('Override, uprobes: address to go on at.'),
        argNewOffset: int64('Override, uprobes: file offset to go on at.'),
      },
      {
        'x-kubernetes-validations': [
          {
            rule:
              '!(has(self.argNewSymbol) && has(self.argNewAddr)) && ' +
              '!(has(self.argNewSymbol) && has(self.argNewOffset)) && ' +
              '!(has(self.argNewAddr) && has(self.argNewOffset))',
            message: 'argNewSymbol, argNewAddr and argNewOffset exclude each other',
          },
        ],
      },
    ),
  );
}
