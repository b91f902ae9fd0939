// SPDX-License-Identifier: Apache-2.0
import type { DestinationStream, Logger as PinoLogger } from 'pino';
import { destination, pino, stdTimeFunctions } from 'pino';
import { AgentError } from './errors.ts';
import type { Settings } from './settings.ts';

/** The agent's own log. `msg` is constant text; what varies goes into the fields. */
export type Logger = PinoLogger;

/**
 * The log of this process: one JSON object per line, `time` (RFC 3339), `level` (its name), `msg`, then fields; an error
 * in the field `err` becomes its code, message, remedy and cause. Written synchronously, so that the last lines before a
 * crash are there.
 */
export function createLogger(level: Settings['logLevel'], stream: DestinationStream = stderr()): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: describeError },
    },
    stream,
  );
}

/** A log that writes nothing, for tests and short commands. */
export function silentLogger(): Logger {
  return pino({ level: 'silent' });
}

function stderr(): DestinationStream {
  const stream = destination({ fd: 2, sync: true });
  // The reader of the log is gone: there is nowhere left to say so, and the agent goes on without it.
  stream.on('error', () => undefined);
  return stream;
}

/**
 * Plain fields of an error and its causes: those of its own (an errno, a verifier's log) too; the stack only for what is
 * no AgentError, because that is a defect.
 */
export function describeError(value: unknown): unknown {
  if (!(value instanceof Error)) return String(value);
  const { message, cause } = value;
  const causes = cause === undefined ? {} : { cause: describeError(cause) };
  if (!(value instanceof AgentError)) return { message, stack: value.stack, ...causes };
  const own = Object.entries(value).filter(([key]) => key !== 'name');
  return { ...Object.fromEntries(own), message, ...causes };
}
