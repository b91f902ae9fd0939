// SPDX-License-Identifier: Apache-2.0
import { create } from '@bufbuild/protobuf';
import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import { status } from '@grpc/grpc-js';
import { PolicyRefusal } from '../sensor/policy-refusal.ts';
import type { PolicyName } from '../sensor/policy-set.ts';
import type {
  AddPoliciesRequest,
  AddPoliciesResponse,
  ComparePoliciesRequest,
} from './gen/merlon/agent_pb.js';
import { AddPoliciesResponseSchema, ComparePoliciesResponseSchema } from './gen/merlon/agent_pb.js';
import type { AddTracingPolicyRequest, ConfigureTracingPolicyRequest } from './gen/tetragon/sensors_pb.js';
import {
  AddTracingPolicyResponseSchema,
  ConfigureTracingPolicyResponseSchema,
  DeleteTracingPolicyResponseSchema,
  DisableTracingPolicyResponseSchema,
  EnableTracingPolicyResponseSchema,
  TracingPolicyMode,
} from './gen/tetragon/sensors_pb.js';
import { statusError } from './status-error.ts';
import { unary } from './unary.ts';
import type { PolicyChanges } from './view.ts';

/** Names the text of a request in positions. */
const REQUEST_TEXT = 'yaml';

/** What changes policies, of each service: only an admin may call it. */
export interface PolicyMethods {
  readonly sensors: UntypedServiceImplementation;
  readonly agent: UntypedServiceImplementation;
}

export function policyMethods(changes: PolicyChanges): PolicyMethods {
  return {
    sensors: {
      addTracingPolicy: unary(async ({ yaml, domain }: AddTracingPolicyRequest) => {
        await changes.add([{ file: REQUEST_TEXT, text: yaml }], {
          ...{ domain, replace: false, mode: undefined },
        });
        return create(AddTracingPolicyResponseSchema);
      }),
      deleteTracingPolicy: unary(async (name: PolicyName) => {
        await changes.delete(name);
        return create(DeleteTracingPolicyResponseSchema);
      }),
      enableTracingPolicy: unary(async (name: PolicyName) => {
        await changes.enable(name);
        return create(EnableTracingPolicyResponseSchema);
      }),
      disableTracingPolicy: unary(async (name: PolicyName) => {
        await changes.disable(name);
        return create(DisableTracingPolicyResponseSchema);
      }),
      configureTracingPolicy: unary(async (request: ConfigureTracingPolicyRequest) => {
        const mode = modeOf(request.mode);
        if (mode !== undefined) await changes.setMode(request, mode);
        if (request.enable === true) await changes.enable(request);
        if (request.enable === false) await changes.disable(request);
        return create(ConfigureTracingPolicyResponseSchema);
      }),
    },
    agent: {
      addPolicies: unary((request: AddPoliciesRequest) => addPolicies(changes, request)),
      comparePolicies: unary(async ({ texts }: ComparePoliciesRequest) => {
        const { policies, programs } = await changes.compare(texts);
        return create(ComparePoliciesResponseSchema, {
          policies: policies.map((policy) => ({ ...policy })),
          programs: programs.map(({ key, ...program }) => ({ attachedTo: key, ...program })),
        });
      }),
    },
  };
}

/** undefined where the request leaves the mode to the policy. */
function modeOf(mode: TracingPolicyMode | undefined): 'enforce' | 'monitor' | undefined {
  if (mode === undefined || mode === TracingPolicyMode.TP_MODE_UNKNOWN) return undefined;
  if (mode === TracingPolicyMode.TP_MODE_ENFORCE) return 'enforce';
  if (mode === TracingPolicyMode.TP_MODE_MONITOR) return 'monitor';
  throw statusError(
    status.INVALID_ARGUMENT,
    'The mode of a policy is set to TP_MODE_ENFORCE or TP_MODE_MONITOR; TP_MODE_MONITOR_ONLY means that it has no action to enforce',
  );
}

/** The same methods for who may only read. */
export function refusedPolicyMethods(): PolicyMethods {
  const refuse = unary(() => {
    throw statusError(status.PERMISSION_DENIED, 'Cannot change policies: only root may');
  });
  const { sensors, agent } = policyMethods({} as PolicyChanges);
  const refused = (methods: UntypedServiceImplementation): UntypedServiceImplementation =>
    Object.fromEntries(Object.keys(methods).map((name) => [name, refuse]));
  return { sensors: refused(sensors), agent: refused(agent) };
}

/** Problems are no failure of the call: there can be more of them than a status has room for. */
async function addPolicies(
  changes: PolicyChanges,
  { texts, domain, replace, mode }: AddPoliciesRequest,
): Promise<AddPoliciesResponse> {
  try {
    return create(AddPoliciesResponseSchema, {
      policies: await changes.add(texts, { domain, replace, mode: modeOf(mode) }),
    });
  } catch (error) {
    if (!(error instanceof PolicyRefusal) || error.problems.length === 0) throw error;
    const problems = error.problems.map(
      ({ code, at: { file, line, column, text }, message, remedy = '' }) => ({
        ...{ code, file, line, column, sourceLine: text, message, remedy },
      }),
    );
    return create(AddPoliciesResponseSchema, { problems });
  }
}
