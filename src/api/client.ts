// SPDX-License-Identifier: Apache-2.0
import type { DescMethod, DescService, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import { create } from '@bufbuild/protobuf';
import type { ClientReadableStream, MethodDefinition, ServiceError } from '@grpc/grpc-js';
import { Client, credentials, status } from '@grpc/grpc-js';
import { connect } from 'node:net';
import { AgentError, ErrorCode } from '../base/errors.ts';
import { grpcService } from './grpc-service.ts';
import { socketPath } from './socket.ts';

/** A message is at most one event or one process: argv and environment of 32 KiB each, escaped, several times over. */
const MAX_RESPONSE_BYTES = 16 * 1024 * 1024;

type Method = MethodDefinition<unknown, unknown>;

/** A connection to the agent on this machine. */
export class AgentClient {
  readonly #client: Client;

  private constructor(path: string) {
    this.#client = new Client(`unix:${path}`, credentials.createInsecure(), {
      'grpc.max_receive_message_length': MAX_RESPONSE_BYTES,
      'grpc.enable_http_proxy': 0,
    });
  }

  /** Throws ERR_NOT_RUNNING when no agent listens below `runDir`, ERR_PRIVILEGE when this user may not connect. */
  static async connect(runDir: string): Promise<AgentClient> {
    const path = socketPath(runDir);
    await probe(path);
    return new AgentClient(path);
  }

  /** Calls a method that answers once. */
  unary<Method extends DescMethod>(
    method: Method,
    request: MessageInitShape<Method['input']>,
  ): Promise<MessageShape<Method['output']>> {
    const { path, requestSerialize, responseDeserialize } = definition(method);
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        create(method.input, request),
        (error, response) => {
          if (error) reject(clientError(error));
          else resolve(response as MessageShape<Method['output']>);
        },
      );
    });
  }

  /** Calls a method that answers with a stream. Errors of the iteration are AgentErrors. */
  async *stream<Method extends DescMethod>(
    method: Method,
    request: MessageInitShape<Method['input']>,
  ): AsyncGenerator<MessageShape<Method['output']>, void, void> {
    const { path, requestSerialize, responseDeserialize } = definition(method);
    const message = create(method.input, request);
    const call = this.#client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, message);
    try {
      yield* call as ClientReadableStream<MessageShape<Method['output']>>;
    } catch (error) {
      throw isServiceError(error) ? clientError(error) : error;
    } finally {
      call.cancel();
    }
  }

  close(): void {
    this.#client.close();
  }
}

function definition(method: DescMethod): Method {
  const service: DescService = method.parent;
  return grpcService(service)[method.localName] as Method;
}

/** A plain connect(2) tells why it fails; gRPC's status would only say UNAVAILABLE. */
async function probe(path: string): Promise<void> {
  const socket = connect(path);
  try {
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  } catch (error) {
    throw connectError(path, error as NodeJS.ErrnoException);
  } finally {
    socket.destroy();
  }
}

function connectError(path: string, cause: NodeJS.ErrnoException): AgentError {
  if (cause.code === 'EACCES' || cause.code === 'EPERM') {
    return new AgentError(ErrorCode.Privilege, `Cannot connect to "${path}": permission denied`, {
      remedy: 'Run this as root, or join the group in the setting viewer-group of the agent.',
      cause,
    });
  }
  return new AgentError(
    ErrorCode.NotRunning,
    `Cannot reach an agent at "${path}": ${cause.code ?? cause.message}`,
    {
      remedy: 'Start one with "merlon run", or name the run-dir of the one that runs with --run-dir.',
      cause,
    },
  );
}

function clientError(error: ServiceError): AgentError {
  const message = error.details || error.message;
  switch (error.code) {
    case status.UNAVAILABLE:
      return new AgentError(ErrorCode.NotRunning, `Lost the agent: ${message}`, { cause: error });
    case status.PERMISSION_DENIED:
      return new AgentError(ErrorCode.Privilege, message, {
        remedy: 'Run this as root, or join the group in the setting viewer-group of the agent.',
        cause: error,
      });
    case status.NOT_FOUND:
    case status.ALREADY_EXISTS:
      return new AgentError(ErrorCode.Policy, message, { cause: error });
    case status.UNIMPLEMENTED:
    case status.INVALID_ARGUMENT:
      return new AgentError(ErrorCode.Usage, message, { cause: error });
    default:
      return new AgentError(ErrorCode.Internal, `The agent answered ${status[error.code]}: ${message}`, {
        cause: error,
      });
  }
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && 'details' in error;
}
