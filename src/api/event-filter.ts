// SPDX-License-Identifier: Apache-2.0
import type { JsonObject } from '@bufbuild/protobuf';
import type { Filter, GetEventsRequest } from './gen/tetragon/events_pb.js';
import { EventTypeSchema, FilterSchema, GetEventsRequestSchema } from './gen/tetragon/events_pb.js';
import { UnsupportedField } from './status-error.ts';

/** Whether an event, in export form, is wanted. */
export type EventFilter = (event: JsonObject) => boolean;

const SUPPORTED = new Set(['event_set', 'pid']);

/**
 * The filter of a GetEvents request: an event passes when it matches any filter of `allow_list` (or that is empty) and
 * none of `deny_list`; a filter matches when all its fields do. Gap records always pass. Throws UnsupportedField for
 * anything that this version cannot apply: an ignored filter would be a lie.
 */
export function compileFilter(request: GetEventsRequest): EventFilter {
  for (const field of GetEventsRequestSchema.fields) {
    const value = request[field.localName as keyof GetEventsRequest];
    if (!field.name.endsWith('_list') && isSet(value)) throw new UnsupportedField(field.name);
  }
  const allow = request.allowList.map(compileOne);
  const deny = request.denyList.map(compileOne);
  return (event) => {
    if (Object.hasOwn(event, 'merlon_gap')) return true;
    return (
      (allow.length === 0 || allow.some((matches) => matches(event))) &&
      !deny.some((matches) => matches(event))
    );
  };
}

function compileOne(filter: Filter): EventFilter {
  for (const field of FilterSchema.fields) {
    const value = filter[field.localName as keyof Filter];
    if (!SUPPORTED.has(field.name) && isSet(value)) throw new UnsupportedField(`Filter.${field.name}`);
  }
  const kinds = filter.eventSet.map((wanted) => KIND_OF_TYPE.get(wanted));
  const pids = new Set(filter.pid);
  return (event) => {
    const kind = Object.keys(event).find((key) => EVENT_KINDS.has(key));
    if (kind === undefined || (kinds.length > 0 && !kinds.includes(kind))) return false;
    return pids.size === 0 || pids.has(pidOf(event[kind]) ?? -1);
  };
}

/** An EventType's name in lower case is the key of such an event in the export form. */
const KIND_OF_TYPE = new Map(EventTypeSchema.values.map(({ number, name }) => [number, name.toLowerCase()]));
const EVENT_KINDS = new Set(KIND_OF_TYPE.values());

function pidOf(body: unknown): number | undefined {
  return (body as { process?: { pid?: number } } | undefined)?.process?.pid;
}

function isSet(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== undefined;
}
