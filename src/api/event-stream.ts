// SPDX-License-Identifier: Apache-2.0
import type { JsonObject } from '@bufbuild/protobuf';
import { create } from '@bufbuild/protobuf';
import type { Timestamp } from '@bufbuild/protobuf/wkt';
import { timestampNow } from '@bufbuild/protobuf/wkt';
import type { ServerWritableStream } from '@grpc/grpc-js';
import { Metadata, status } from '@grpc/grpc-js';
import { AgentError } from '../base/errors.ts';
import type { LogOnce } from '../base/log-once.ts';
import type { Settings } from '../base/settings.ts';
import type { EventFilter } from './event-filter.ts';
import type { Loss, QueueLimits } from './event-queue.ts';
import { EventQueue } from './event-queue.ts';
import { fromExportForm } from './export-form.ts';
import type { GetEventsRequest, GetEventsResponse } from './gen/tetragon/events_pb.js';
import { GetEventsResponseSchema } from './gen/tetragon/events_pb.js';
import { statusError } from './status-error.ts';

export type EventCall = ServerWritableStream<GetEventsRequest, GetEventsResponse>;

/** Lines that one turn of the event loop looks at, so that a backlog does not hold up the agent. */
const LINES_PER_TURN = 128;

export interface EventStreamOptions {
  call: EventCall;
  filter: EventFilter;
  limits: QueueLimits;
  settings: Pick<Settings, 'nodeName' | 'clusterName'>;
  problems: LogOnce;
}

/** One client that reads events: lines go into its bounded queue and leave as messages, as fast as it takes them. */
export class EventStream {
  readonly #call: EventCall;
  readonly #filter: EventFilter;
  readonly #settings: EventStreamOptions['settings'];
  readonly #problems: LogOnce;
  readonly #queue: EventQueue;
  #scheduled = false;
  #open = true;
  #blocked = false;
  #ending = false;
  #events = 0n;
  #unreadable = 0;

  constructor(options: EventStreamOptions) {
    this.#call = options.call;
    this.#filter = options.filter;
    this.#settings = options.settings;
    this.#problems = options.problems;
    this.#queue = new EventQueue(options.limits);
    this.#call.on('drain', () => {
      this.#blocked = false;
      this.#schedule();
    });
    this.#call.once('close', () => (this.#open = false));
    // The headers tell the client that it misses nothing from here on.
    this.#call.sendMetadata(new Metadata());
  }

  /** Messages sent, and events that this client did not get. */
  get counts(): { events: bigint; lost: bigint } {
    return { events: this.#events, lost: BigInt(this.#queue.lost + this.#unreadable) };
  }

  /** A listener of the feed. */
  readonly accept = (chunk: Uint8Array, count: number): void => {
    this.#queue.push(chunk, count);
    this.#schedule();
  };

  /** Ends the stream with UNAVAILABLE once the client has taken what waits for it. */
  end(): void {
    this.#ending = true;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#blocked || !this.#open) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#pump();
    });
  }

  #pump(): void {
    for (let lines = 0; lines < LINES_PER_TURN && this.#open; lines++) {
      const next = this.#queue.shift();
      if (next === undefined) {
        if (this.#ending) this.#finish();
        return;
      }
      const message = typeof next === 'string' ? this.#message(next) : this.#gap(next);
      if (message !== undefined && !this.#call.write(message)) {
        this.#blocked = true;
        return;
      }
    }
    this.#schedule();
  }

  #finish(): void {
    this.#open = false;
    this.#call.emit('error', statusError(status.UNAVAILABLE, 'The agent is stopping'));
  }

  #message(line: string): GetEventsResponse | undefined {
    try {
      const event = JSON.parse(line) as JsonObject;
      if (!this.#filter(event)) return undefined;
      const message = fromExportForm(GetEventsResponseSchema, event);
      this.#events++;
      return message;
    } catch (error) {
      this.#unreadable++;
      const { message } = AgentError.from(error);
      this.#problems.error(message, 'An event does not fit the gRPC schema: clients get a gap in its place');
      return this.#gap({ count: 1, first: line, last: line });
    }
  }

  #gap(loss: Loss): GetEventsResponse {
    const from = timeOf(loss.first) ?? timestampNow();
    const to = timeOf(loss.last) ?? timestampNow();
    const gap = { lane: 'subscriber', lost: BigInt(loss.count), from, to };
    const { nodeName, clusterName } = this.#settings;
    return create(GetEventsResponseSchema, {
      event: { case: 'merlonGap', value: gap },
      nodeName,
      time: timestampNow(),
      ...(clusterName !== undefined && { clusterName }),
    });
  }
}

/** The time of an event line; undefined when it has none that can be read. */
function timeOf(line: string): Timestamp | undefined {
  try {
    const { time } = JSON.parse(line) as JsonObject;
    return fromExportForm(GetEventsResponseSchema, { time: time ?? null }).time;
  } catch {
    // the gap's time is then that of its report; the line itself is already counted as lost
    return undefined;
  }
}
