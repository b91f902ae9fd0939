// SPDX-License-Identifier: Apache-2.0
import { argument } from './argument.ts';
import type { OpenApi, Rule } from './openapi.ts';
import { flag, list, object, text, texts } from './openapi.ts';
import { selector } from './selector.ts';

const RETURN_RULE: Rule = {
  rule: '!has(self.return) || (!self.return || has(self.returnArg))',
  message: '"return: true" needs returnArg, which says how the value is read',
  fieldPath: '.return',
};

function common(): Record<string, OpenApi> {
  return {
    message: text('Text that stands in each event.'),
    tags: texts('Words that stand in each event.', { maxItems: 16 }),
    selectors: list(
      'The first one that matches decides; without any, everything matches.',
      selector('Conditions and actions.'),
    ),
  };
}

function args(): OpenApi {
  return list('Arguments to report and to compare.', argument('An argument.'));
}

function data(): OpenApi {
  return list('Other values to report and to compare.', argument('A value of the task or a register.'));
}

function returns(): Record<string, OpenApi> {
  return {
    return: flag('Report when the function returns.', { default: false }),
    returnArg: argument('The value that is returned.'),
  };
}

/** kprobes and fentries. */
export function functions(description: string): OpenApi {
  return list(
    description,
    object(
      'A function of the kernel.',
      {
        'call!': text('Name of the function or syscall, or list:NAME.'),
        syscall: flag('The function is a syscall.', { default: true }),
        args: args(),
        data: data(),
        ...returns(),
        returnArgAction: text('What is done with a socket that is returned: TrackSock or UntrackSock.'),
        ignore: object('What is no error.', {
          callNotFound: flag('A function that this kernel does not have.'),
        }),
        ...common(),
      },
      { 'x-kubernetes-validations': [RETURN_RULE] },
    ),
  );
}

export function tracepoints(): OpenApi {
  return list(
    'Tracepoints of the kernel.',
    object('A tracepoint.', {
      'subsystem!': text('Its group, such as "sched".'),
      'event!': text('Its name, such as "sched_process_exec".'),
      raw: flag('args are those of the tracepoint itself, not fields of its format.'),
      args: args(),
      ...common(),
    }),
  );
}

export function lsmHooks(): OpenApi {
  return list(
    'Hooks of the Linux Security Module interface.',
    object('An LSM hook.', {
      'hook!': text('Its name, such as "file_open".'),
      args: args(),
      ...common(),
    }),
  );
}

export function uprobes(): OpenApi {
  const places = (what: string): OpenApi => list(what, { type: 'integer', format: 'int64' });
  return list(
    'Functions of programs and libraries.',
    object(
      'Functions of one file.',
      {
        'path!': text('The program or library.'),
        btfPath: text('File with the BTF of the program.'),
        symbols: texts('Functions by name.'),
        offsets: places('Functions by their offset in the file.'),
        addrs: places('Functions by their address in the ELF file.'),
        refCtrOffsets: places('Offsets of reference counters, one for each function.'),
        binaryDigests: texts('Digests as ALGORITHM:HEX; without a match the file is not hooked.'),
        ignore: object('What is no error.', {
          digestVerificationFailure: flag('A file that has none of the digests.'),
        }),
        args: args(),
        data: data(),
        ...returns(),
        ...common(),
      },
      {
        'x-kubernetes-validations': [
          {
            rule:
              '!(has(self.symbols) && has(self.addrs)) && !(has(self.symbols) && has(self.offsets)) && ' +
              '!(has(self.addrs) && has(self.offsets))',
            message: 'symbols, addrs and offsets exclude each other',
          },
          RETURN_RULE,
        ],
      },
    ),
  );
}

export function usdts(): OpenApi {
  return list(
    'Probes that a program defines itself.',
    object('A USDT probe.', {
      'path!': text('The program or library.'),
      btfPath: text('File with the BTF of the program.'),
      'provider!': text('Provider of the probe.'),
      'name!': text('Name of the probe.'),
      args: args(),
      ...common(),
    }),
  );
}

export function lists(): OpenApi {
  return list(
    'Lists of functions, to be named by list:NAME.',
    object('A list.', {
      'name!': text('Its name.'),
      type: {
        description: 'What it holds; names of functions without.',
        type: 'string',
        enum: ['syscalls', 'generated_syscalls', 'generated_ftrace'],
      },
      values: texts('Functions, or syscalls as sys_NAME or ABI/sys_NAME.'),
      pattern: text('generated_ftrace: regular expression for the names.'),
      validated: flag('The list was checked before.'),
    }),
  );
}

export function enforcers(): OpenApi {
  return list(
    'Calls that NotifyEnforcer acts upon.',
    object('Such calls.', { 'calls!': texts('Syscalls, security_ functions, or list:NAME.') }),
  );
}
