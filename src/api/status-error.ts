// SPDX-License-Identifier: Apache-2.0
import type { ServiceError } from '@grpc/grpc-js';
import { Metadata, status } from '@grpc/grpc-js';
import { AgentError, ErrorCode } from '../base/errors.ts';
import { PolicyRefusal } from '../sensor/policy-refusal.ts';

const REFUSALS: Readonly<Record<PolicyRefusal['reason'], status>> = {
  invalid: status.INVALID_ARGUMENT,
  exists: status.ALREADY_EXISTS,
  missing: status.NOT_FOUND,
};

/** A status travels in HTTP/2 headers, of which a peer takes 16 KiB or so, escaped. */
const MAX_DETAILS = 4096;

/** A request that sets a field which this version of the agent cannot honour. */
export class UnsupportedField extends Error {
  readonly field: string;

  constructor(field: string) {
    super(`Cannot apply "${field}": this version of Merlon does not support it`);
    this.name = 'UnsupportedField';
    this.field = field;
  }
}

export function statusError(code: status, details: string): ServiceError {
  return Object.assign(new Error(details), { code, details, metadata: new Metadata() });
}

/** Any thrown value as the status that the client gets. */
export function asStatusError(error: unknown): ServiceError {
  if (error instanceof UnsupportedField) return statusError(status.UNIMPLEMENTED, error.message);
  if (isServiceError(error)) return error;
  const { code, message } = AgentError.from(error);
  if (error instanceof PolicyRefusal) return statusError(REFUSALS[error.reason], shorten(message));
  return statusError(code === ErrorCode.NotRunning ? status.UNAVAILABLE : status.INTERNAL, message);
}

function shorten(details: string): string {
  if (details.length <= MAX_DETAILS) return details;
  return `${details.slice(0, MAX_DETAILS)}…\nThe rest is cut: "merlon policy add" shows all of it.`;
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && 'details' in error && 'metadata' in error;
}
