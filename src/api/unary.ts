// SPDX-License-Identifier: Apache-2.0
import type { ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js';
import { asStatusError } from './status-error.ts';

/** A method that answers once, now or later; what it throws becomes the status. */
export function unary<Request, Response>(answer: (request: Request) => Response | Promise<Response>) {
  return (call: ServerUnaryCall<Request, Response>, callback: sendUnaryData<Response>): void =>
    void reply(call, callback, answer);
}

async function reply<Request, Response>(
  { request }: ServerUnaryCall<Request, Response>,
  callback: sendUnaryData<Response>,
  answer: (request: Request) => Response | Promise<Response>,
): Promise<void> {
  let response: Response;
  try {
    response = await answer(request);
  } catch (error) {
    callback(asStatusError(error));
    return;
  }
  callback(null, response);
}
