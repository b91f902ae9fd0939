// SPDX-License-Identifier: Apache-2.0
import type { ServiceError } from '@grpc/grpc-js';
import { Metadata, status } from '@grpc/grpc-js';
import { AgentError } from '../base/errors.ts';

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
  return statusError(status.INTERNAL, AgentError.from(error).message);
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && 'details' in error && 'metadata' in error;
}
