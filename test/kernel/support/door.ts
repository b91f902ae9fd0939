// SPDX-License-Identifier: Apache-2.0
import type { JsonObject } from '@bufbuild/protobuf';
import { AgentClient } from '../../../src/api/client.ts';
import { toExportForm } from '../../../src/api/export-form.ts';
import type { ListPoliciesResponse } from '../../../src/api/gen/merlon/agent_pb.js';
import { Agent } from '../../../src/api/gen/merlon/agent_pb.js';
import { GetEventsResponseSchema } from '../../../src/api/gen/tetragon/events_pb.js';
import { FineGuidanceSensors } from '../../../src/api/gen/tetragon/sensors_pb.js';
import type { Places } from './agent.ts';
import { eventually } from './wait.ts';

/** A client that reads events: gets them in export form from now on, until `close()`, which comes before the agent's end. */
export class EventReader {
  readonly events: JsonObject[] = [];
  readonly #client: AgentClient;
  #closed = false;

  static async open({ runDir }: Places): Promise<EventReader> {
    const reader = new EventReader(await AgentClient.connect(runDir));
    await eventually('the agent to know the client', async () => {
      const { subscribers } = await reader.#client.unary(Agent.method.getStatus, {});
      return subscribers.length > 0 ? true : undefined;
    });
    return reader;
  }

  private constructor(client: AgentClient) {
    this.#client = client;
    void this.#read();
  }

  close(): void {
    this.#closed = true;
    this.#client.close();
  }

  async #read(): Promise<void> {
    try {
      for await (const event of this.#client.stream(FineGuidanceSensors.method.getEvents, {}))
        this.events.push(toExportForm(GetEventsResponseSchema, event));
    } catch (error) {
      if (!this.#closed) throw error;
    }
  }
}

/** What `merlon policy list` shows, without the seconds that a command takes in an emulated guest. */
export async function listPolicies({ runDir }: Places): Promise<ListPoliciesResponse['policies']> {
  const client = await AgentClient.connect(runDir);
  try {
    return (await client.unary(Agent.method.listPolicies, {})).policies;
  } finally {
    client.close();
  }
}
