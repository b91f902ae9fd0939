// SPDX-License-Identifier: Apache-2.0
import type { Command, CommanderError } from 'commander';
import { AgentError, ErrorCode } from '../base/errors.ts';
import { didYouMean } from '../base/nearest-name.ts';
import { BpfError } from '../kernel/bpf-error.ts';

/** Thrown in place of an error where commander has printed help or a version: the command is done. */
export class Finished extends Error {
  readonly exitCode: number;

  constructor(exitCode: number) {
    super('Finished');
    this.exitCode = exitCode;
  }
}

/** What commander refuses, with the nearest name as the remedy. */
export function usageError(error: CommanderError, command: Command): AgentError | Finished {
  if (error.code === 'commander.help') return new Finished(2);
  if (error.exitCode === 0) return new Finished(0);
  const help = `Run "${fullName(command)} --help".`;
  const name = /'([^']+)'/.exec(error.message)?.[1] ?? '';
  if (error.code === 'commander.unknownCommand') {
    const names = command.commands.map((known) => known.name());
    return new AgentError(ErrorCode.Usage, `Unknown command "${name}"`, {
      remedy: didYouMean(name, names) ?? help,
    });
  }
  if (error.code === 'commander.unknownOption') {
    const flag = name.replace(/=.*$/s, '');
    const names = command.options.map(({ long }) => long ?? '').filter(Boolean);
    return new AgentError(ErrorCode.Usage, `Unknown setting "${flag}"`, {
      remedy: didYouMean(flag, names) ?? help,
    });
  }
  const message = error.message.replace(/^error: /, '').split('\n', 1)[0] ?? '';
  return new AgentError(
    ErrorCode.Usage,
    message.replace(/^./, (letter) => letter.toUpperCase()),
    { remedy: help },
  );
}

/** Prints an error as `merlon: message` and its remedy on the next line; the result is the exit status. */
export function reportFailure(value: unknown): number {
  if (value instanceof Finished) return value.exitCode;
  const error = AgentError.from(value);
  const lines = [`merlon: ${error.message}`];
  if (error.remedy !== undefined) lines.push(error.remedy);
  if (error instanceof BpfError && error.verifierLog !== undefined) lines.push(error.verifierLog.trimEnd());
  // An internal error is a defect: whoever reports it needs the place.
  if (error.code === ErrorCode.Internal && error.cause instanceof Error) lines.push(error.cause.stack ?? '');
  process.stderr.write(`${lines.join('\n')}\n`);
  return error.code === ErrorCode.Usage || error.code === ErrorCode.Setting ? 2 : 1;
}

function fullName(command: Command): string {
  return command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`;
}
