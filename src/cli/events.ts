// SPDX-License-Identifier: Apache-2.0
import type { JsonObject } from '@bufbuild/protobuf';
import { AgentClient } from '../api/client.ts';
import { toExportForm } from '../api/export-form.ts';
import { GetEventsResponseSchema } from '../api/gen/tetragon/events_pb.js';
import { FineGuidanceSensors } from '../api/gen/tetragon/sensors_pb.js';
import type { Settings } from '../base/settings.ts';
import { loadSettings } from '../base/settings.ts';
import { useColor } from '../base/use-color.ts';
import { endWithReader, terminalWidth, write } from './output.ts';

/** Prints the agent's events as they come, until the agent or the reader ends. */
export async function events(flags: Record<string, string>): Promise<void> {
  const settings = loadSettings({ flags, env: process.env });
  endWithReader();
  const client = await AgentClient.connect(settings.runDir);
  try {
    const format = settings.output === 'json' ? JSON.stringify : await compactFormat(settings);
    for await (const message of client.stream(FineGuidanceSensors.method.getEvents, {})) {
      await write(`${format(toExportForm(GetEventsResponseSchema, message))}\n`);
    }
  } finally {
    client.close();
  }
}

async function compactFormat({ color }: Settings): Promise<(event: JsonObject) => string> {
  const { formatCompact } = await import('../encode/compact.ts');
  const options = { color: useColor(color), ...terminalWidth() };
  return (event) => formatCompact(event, options);
}
