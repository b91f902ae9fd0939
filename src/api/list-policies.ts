// SPDX-License-Identifier: Apache-2.0
import { create } from '@bufbuild/protobuf';
import { durationMs } from '@bufbuild/protobuf/wkt';
import { status } from '@grpc/grpc-js';
import type { ListPoliciesRequest, ListPoliciesResponse } from './gen/merlon/agent_pb.js';
import { ListPoliciesResponseSchema } from './gen/merlon/agent_pb.js';
import { POLICY_MODES, POLICY_STATES } from './policy-status.ts';
import { statusError } from './status-error.ts';
import type { AgentView } from './view.ts';

/** Measuring costs every eBPF program of the machine some time. */
const LONGEST_MEASUREMENT_MS = 600_000;

/** What Tetragon's list has no fields for: the selectors of each hook, and what the hook costs. */
export async function listPolicies(
  view: AgentView,
  { measure }: ListPoliciesRequest,
): Promise<ListPoliciesResponse> {
  const ms = measure === undefined ? 0 : durationMs(measure);
  if (ms < 0 || ms > LONGEST_MEASUREMENT_MS)
    throw statusError(
      status.INVALID_ARGUMENT,
      `Cannot measure for ${ms} ms: 0 to ${LONGEST_MEASUREMENT_MS} ms are possible`,
    );
  const policies = ms === 0 ? view.policies() : await view.measurePolicies(ms);
  return create(ListPoliciesResponseSchema, {
    policies: policies.map((policy) => ({
      ...policy,
      id: BigInt(policy.id),
      state: POLICY_STATES[policy.state],
      mode: POLICY_MODES[policy.mode],
      kernelMemoryBytes: BigInt(policy.kernelMemoryBytes),
      hooks: policy.hooks.map(({ attachedTo, selectors, ...hook }) => ({
        ...hook,
        mechanism: attachedTo.split(':', 1)[0] ?? '',
        place: attachedTo.slice(attachedTo.indexOf(':') + 1),
        selectors: selectors.map((selector, index) => ({ ...selector, index })),
      })),
    })),
  });
}
