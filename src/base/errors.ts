// SPDX-License-Identifier: Apache-2.0
/** Every code that an error of the agent can carry; `docs/errors.md` has an entry for each. */
export const ErrorCode = {
  Internal: 'ERR_INTERNAL',
  Usage: 'ERR_USAGE',
  Setting: 'ERR_SETTING',
  Privilege: 'ERR_PRIVILEGE',
  Kernel: 'ERR_KERNEL',
  Bpf: 'ERR_BPF',
  BpfLoad: 'ERR_BPF_LOAD',
  AlreadyRunning: 'ERR_ALREADY_RUNNING',
  NotRunning: 'ERR_NOT_RUNNING',
  Sink: 'ERR_SINK',
  Policy: 'ERR_POLICY',
} as const;
export type ErrorCode = (typeof ErrorCode)[keyof typeof ErrorCode];

export interface AgentErrorOptions {
  /** One sentence: what the reader can do about it. */
  remedy?: string;
  cause?: unknown;
}

/**
 * The one error class of the agent. The message says what failed and with which value; the remedy is a sentence of its
 * own that a command prints on the next line.
 */
export class AgentError extends Error {
  readonly code: ErrorCode;
  readonly remedy: string | undefined;

  constructor(code: ErrorCode, message: string, options: AgentErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AgentError';
    this.code = code;
    this.remedy = options.remedy;
  }

  /** Any caught value as an AgentError: itself, or wrapped as an internal error that keeps its cause. */
  static from(value: unknown): AgentError {
    if (value instanceof AgentError) return value;
    const message = value instanceof Error ? value.message : String(value);
    return new AgentError(ErrorCode.Internal, message, { cause: value });
  }
}
