// SPDX-License-Identifier: Apache-2.0
import { AgentClient } from '../../src/api/client.ts';
import type { GetStatusResponse } from '../../src/api/gen/merlon/agent_pb.js';
import { Agent } from '../../src/api/gen/merlon/agent_pb.js';

/** What `merlon status` would show. */
export async function readStatus(runDir: string): Promise<GetStatusResponse> {
  const client = await AgentClient.connect(runDir);
  try {
    return await client.unary(Agent.method.getStatus, {});
  } finally {
    client.close();
  }
}
