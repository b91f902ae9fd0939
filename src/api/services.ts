// SPDX-License-Identifier: Apache-2.0
import type { DescService, JsonObject, Message } from '@bufbuild/protobuf';
import { create } from '@bufbuild/protobuf';
import type { Server, ServerWritableStream, UntypedHandleCall } from '@grpc/grpc-js';
import { status } from '@grpc/grpc-js';
import { once } from 'node:events';
import type { EventStreams } from './event-streams.ts';
import { fromExportForm } from './export-form.ts';
import type { ListPoliciesRequest, ListProcessesResponse } from './gen/merlon/agent_pb.js';
import { Agent, GetStatusResponseSchema, ListProcessesResponseSchema } from './gen/merlon/agent_pb.js';
import type { ListTracingPoliciesRequest } from './gen/tetragon/sensors_pb.js';
import {
  FineGuidanceSensors,
  GetVersionResponseSchema,
  ListDomainsResponseSchema,
  ListTracingPoliciesResponseSchema,
} from './gen/tetragon/sensors_pb.js';
import {
  GetHealthStatusResponseSchema,
  HealthStatusResult,
  HealthStatusType,
  ProcessSchema,
} from './gen/tetragon/tetragon_pb.js';
import { grpcService } from './grpc-service.ts';
import type { EventCall } from './event-stream.ts';
import type { PolicyMethods } from './policy-methods.ts';
import { listPolicies } from './list-policies.ts';
import { policyStatus } from './policy-status.ts';
import { asStatusError, statusError } from './status-error.ts';
import { unary } from './unary.ts';
import type { AgentHealth, AgentView } from './view.ts';

const SERVICES: DescService[] = [FineGuidanceSensors, Agent];

const HEALTH_RESULT: Record<AgentHealth['state'], HealthStatusResult> = {
  running: HealthStatusResult.HEALTH_STATUS_RUNNING,
  stopped: HealthStatusResult.HEALTH_STATUS_STOPPED,
  error: HealthStatusResult.HEALTH_STATUS_ERROR,
};

/** Registers what reads, and `changing`. grpc-js answers UNIMPLEMENTED for the other methods. */
export function addServices(
  server: Server,
  view: AgentView,
  streams: EventStreams,
  changing: PolicyMethods,
): void {
  server.addService(grpcService(FineGuidanceSensors), {
    ...changing.sensors,
    getEvents: (call: EventCall) => streams.open(call),
    listTracingPolicies: unary(({ domain }: ListTracingPoliciesRequest) => {
      const policies = view.policies().filter((policy) => domain === '' || policy.domain === domain);
      return create(ListTracingPoliciesResponseSchema, { policies: policies.map(policyStatus) });
    }),
    listDomains: unary(() =>
      create(ListDomainsResponseSchema, {
        domains: [...new Set(view.policies().map(({ domain }) => domain))],
      }),
    ),
    getVersion: unary(() => create(GetVersionResponseSchema, { version: view.version })),
    getHealth: unary(() => {
      const { state, details } = view.health();
      const healthStatus = { event: HealthStatusType.STATUS, status: HEALTH_RESULT[state], details };
      return create(GetHealthStatusResponseSchema, { healthStatus: [healthStatus] });
    }),
  });
  server.addService(grpcService(Agent), {
    ...changing.agent,
    listProcesses: (call: ServerWritableStream<Message, ListProcessesResponse>) =>
      void sendProcesses(call, view.processes()),
    listPolicies: unary((request: ListPoliciesRequest) => listPolicies(view, request)),
    getStatus: unary(() =>
      create(GetStatusResponseSchema, { ...view.status(), subscribers: streams.describe() }),
    ),
  });
}

/** Registers every method with the same answer: the caller may not use this socket. */
export function addRefusal(server: Server): void {
  const refusal = statusError(
    status.PERMISSION_DENIED,
    'Cannot use the agent: only root and the members of the group in the setting viewer-group may',
  );
  for (const service of SERVICES) {
    const methods = service.methods.map(({ localName, methodKind }): [string, UntypedHandleCall] => [
      localName,
      methodKind === 'server_streaming'
        ? (call: ServerWritableStream<Message, Message>) => void call.emit('error', refusal)
        : unary(() => {
            throw refusal;
          }),
    ]);
    server.addService(grpcService(service), Object.fromEntries<UntypedHandleCall>(methods));
  }
}

/** One message each, no faster than the client reads; the table may change meanwhile. */
async function sendProcesses(
  call: ServerWritableStream<Message, ListProcessesResponse>,
  processes: Iterable<JsonObject>,
): Promise<void> {
  const closed = new AbortController();
  call.once('close', () => closed.abort());
  try {
    for (const process of processes) {
      const message = create(ListProcessesResponseSchema, {
        process: fromExportForm(ProcessSchema, process),
      });
      if (!call.write(message)) await once(call, 'drain', { signal: closed.signal });
    }
    call.end();
  } catch (error) {
    if (!closed.signal.aborted) call.emit('error', asStatusError(error));
  }
}
