// SPDX-License-Identifier: Apache-2.0
import type { JsonObject, MessageInitShape } from '@bufbuild/protobuf';
import { AgentClient } from '../api/client.ts';
import { toExportForm } from '../api/export-form.ts';
import type { GetEventsRequestSchema } from '../api/gen/tetragon/events_pb.js';
import { EventType, EventTypeSchema, GetEventsResponseSchema } from '../api/gen/tetragon/events_pb.js';
import { FineGuidanceSensors } from '../api/gen/tetragon/sensors_pb.js';
import { AgentError, ErrorCode } from '../base/errors.ts';
import { didYouMean } from '../base/nearest-name.ts';
import type { Settings } from '../base/settings.ts';
import { loadSettings } from '../base/settings.ts';
import { useColor } from '../base/use-color.ts';
import { endWithReader, terminalWidth, write } from './output.ts';

/** What a reader wants to see; an empty list is no condition. */
export interface EventFilterFlags {
  /** names of event types in upper case */
  readonly eventTypes: readonly string[];
  readonly pid: number[];
}

/** Prints the agent's events that pass the filter as they come, until the agent or the reader ends. */
export async function events(flags: Record<string, string>, filter: EventFilterFlags): Promise<void> {
  const request = requestOf(filter);
  const settings = loadSettings({ flags, env: process.env });
  endWithReader();
  const client = await AgentClient.connect(settings.runDir);
  try {
    const format = settings.output === 'json' ? JSON.stringify : await compactFormat(settings);
    for await (const message of client.stream(FineGuidanceSensors.method.getEvents, request)) {
      await write(`${format(toExportForm(GetEventsResponseSchema, message))}\n`);
    }
  } finally {
    client.close();
  }
}

function requestOf({ eventTypes, pid }: EventFilterFlags): MessageInitShape<typeof GetEventsRequestSchema> {
  const bad = pid.find((number) => !Number.isInteger(number) || number < 1);
  if (bad !== undefined)
    throw new AgentError(ErrorCode.Usage, '--pid takes process ids, separated by commas', {
      remedy: 'For example: --pid 1,4711',
    });
  if (eventTypes.length + pid.length === 0) return {};
  return { allowList: [{ pid, eventSet: eventTypes.map(eventType) }] };
}

/** A type by its name, as PROCESS_EXEC or EXEC. */
function eventType(name: string): EventType {
  const names = EventTypeSchema.values.filter(({ number }) => number !== 0).map((value) => value.name);
  const known = names.find((known) => [name, `PROCESS_${name}`].includes(known));
  if (known !== undefined) return EventType[known as keyof typeof EventType];
  throw new AgentError(ErrorCode.Usage, `Unknown event type "${name}"`, {
    remedy: didYouMean(name, names) ?? `The types are: ${names.join(', ')}`,
  });
}

async function compactFormat({ color }: Settings): Promise<(event: JsonObject) => string> {
  const { formatCompact } = await import('../encode/compact.ts');
  const options = { color: useColor(color), ...terminalWidth() };
  return (event) => formatCompact(event, options);
}
