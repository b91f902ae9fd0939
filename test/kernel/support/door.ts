// SPDX-License-Identifier: Apache-2.0
import { AgentClient } from '../../../src/api/client.ts';
import type { ListPoliciesResponse } from '../../../src/api/gen/merlon/agent_pb.js';
import { Agent } from '../../../src/api/gen/merlon/agent_pb.js';
import type { Places } from './agent.ts';

/** What `merlon policy list` shows, without the seconds that a command takes in an emulated guest. */
export async function listPolicies({ runDir }: Places): Promise<ListPoliciesResponse['policies']> {
  const client = await AgentClient.connect(runDir);
  try {
    return (await client.unary(Agent.method.listPolicies, {})).policies;
  } finally {
    client.close();
  }
}
