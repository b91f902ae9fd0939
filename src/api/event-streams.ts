// SPDX-License-Identifier: Apache-2.0
import { status } from '@grpc/grpc-js';
import type { LogOnce } from '../base/log-once.ts';
import type { Settings } from '../base/settings.ts';
import { parsePeer } from './connection-name.ts';
import { compileFilter } from './event-filter.ts';
import type { QueueLimits } from './event-queue.ts';
import type { EventCall } from './event-stream.ts';
import { EventStream } from './event-stream.ts';
import { asStatusError, statusError } from './status-error.ts';
import type { AgentView } from './view.ts';

/** Of each role, so that viewers cannot keep root out. With the queue of each this bounds what slow clients can make the agent hold. */
const MAX_STREAMS_PER_ROLE = 8;
const LIMITS: QueueLimits = { events: 16_384, bytes: 4 * 1024 * 1024 };

/** All clients that read events now. */
export class EventStreams {
  readonly #view: AgentView;
  readonly #settings: Pick<Settings, 'nodeName' | 'clusterName'>;
  readonly #problems: LogOnce;
  readonly #streams = new Map<EventStream, { peer: string; closed: Promise<void> }>();

  constructor(view: AgentView, settings: Pick<Settings, 'nodeName' | 'clusterName'>, problems: LogOnce) {
    this.#view = view;
    this.#settings = settings;
    this.#problems = problems;
  }

  open(call: EventCall): void {
    let filter;
    try {
      this.#refuseTooMany(call);
      filter = compileFilter(call.request);
    } catch (error) {
      call.emit('error', asStatusError(error));
      return;
    }
    const stream = new EventStream({
      call,
      filter,
      limits: LIMITS,
      settings: this.#settings,
      problems: this.#problems,
    });
    const unsubscribe = this.#view.feed.subscribe(stream.accept);
    const closed = new Promise<void>((resolve) => {
      call.once('close', () => {
        unsubscribe();
        this.#streams.delete(stream);
        resolve();
      });
    });
    this.#streams.set(stream, { peer: call.getPeer(), closed });
  }

  #refuseTooMany(call: EventCall): void {
    const { role } = parsePeer(call.getPeer());
    const present = this.describe().filter((stream) => stream.role === role).length;
    if (present < MAX_STREAMS_PER_ROLE) return;
    const details = `Cannot send events: ${present} clients with the role ${role} read them already`;
    throw statusError(status.RESOURCE_EXHAUSTED, details);
  }

  describe() {
    return [...this.#streams].map(([stream, { peer }]) => ({ ...parsePeer(peer), ...stream.counts }));
  }

  /** Ends every stream after its queue; resolves when all clients have taken the end. */
  async end(): Promise<void> {
    const closed = [...this.#streams.values()].map((entry) => entry.closed);
    for (const stream of this.#streams.keys()) stream.end();
    await Promise.all(closed);
  }
}
