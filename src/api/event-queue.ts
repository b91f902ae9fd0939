// SPDX-License-Identifier: Apache-2.0

export interface QueueLimits {
  readonly events: number;
  readonly bytes: number;
}

/** Lines that found no room: how many, and the first and the last of them. */
export interface Loss {
  count: number;
  first: string;
  last: string;
}

/**
 * Lines that wait for one client, bounded by count and by bytes. A chunk that does not fit is dropped whole and counted;
 * the loss comes out in its place among the lines, once before the next chunk that fits.
 */
export class EventQueue {
  readonly #limits: QueueLimits;
  #items: (Buffer | Loss)[] = [];
  #events = 0;
  #bytes = 0;
  #loss: Loss | undefined;
  #lost = 0;
  /** lines of the chunk at the head that are still to be taken */
  #lines: string[] = [];

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  /** All lines ever dropped. */
  get lost(): number {
    return this.#lost;
  }

  /** Takes a copy of the chunk, or counts its lines as lost. */
  push(chunk: Uint8Array, count: number): void {
    if (count === 0) return;
    if (this.#events + count > this.#limits.events || this.#bytes + chunk.byteLength > this.#limits.bytes) {
      this.#lost += count;
      const last = lastLine(chunk);
      if (this.#loss === undefined) this.#loss = { count, first: firstLine(chunk), last };
      else Object.assign(this.#loss, { count: this.#loss.count + count, last });
      return;
    }
    this.#settleLoss();
    this.#items.push(Buffer.from(chunk));
    this.#events += count;
    this.#bytes += chunk.byteLength;
  }

  /** The next line or loss, in order; undefined when nothing waits. */
  shift(): string | Loss | undefined {
    const line = this.#lines.pop();
    if (line !== undefined) {
      this.#events--;
      return line;
    }
    if (this.#items.length === 0) this.#settleLoss();
    const item = this.#items.shift();
    if (item === undefined || 'count' in item) return item;
    this.#bytes -= item.byteLength;
    this.#lines = item.toString('utf8').trimEnd().split('\n').reverse();
    return this.shift();
  }

  #settleLoss(): void {
    if (this.#loss !== undefined) this.#items.push(this.#loss);
    this.#loss = undefined;
  }
}

const NEWLINE = 10;

function firstLine(chunk: Uint8Array): string {
  return decode(chunk.subarray(0, chunk.indexOf(NEWLINE)));
}

function lastLine(chunk: Uint8Array): string {
  return decode(chunk.subarray(chunk.lastIndexOf(NEWLINE, -2) + 1, -1));
}

function decode(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}
