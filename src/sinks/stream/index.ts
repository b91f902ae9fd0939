// SPDX-License-Identifier: Apache-2.0
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { AgentError } from '../../base/errors.ts';
import { LogOnce } from '../../base/log-once.ts';
import { countLines, lastLineEnd, viewOf } from '../lines.ts';
import { Loss } from '../loss.ts';
import type { Sink, SinkStats } from '../sink.ts';
import { LineQueue } from './line-queue.ts';
import type { StreamFormat, StreamOptions } from './options.ts';
import type { Transport } from './transport.ts';
import { openTransport } from './transport.ts';

/** Lines that are formatted and written in one go: short enough to leave the event loop to the rest of the agent. */
const SLICE_BYTES = 64 << 10;
const IDLE_MS = 250;
const RETRY_MS = 500;
const NEWLINE = Buffer.from('\n');
/** Nobody will read any more; EIO is a terminal that was hung up. */
const GONE = new Set(['EPIPE', 'ECONNRESET', 'EIO', 'EBADF', 'ERR_STREAM_DESTROYED']);

/**
 * Writes lines to a descriptor whose reader may be slow, stopped or gone, without ever waiting for it. A bounded queue
 * takes up what the reader has not; what finds no room is lost and counted. From then on the queue takes nothing until
 * it is empty and a gap record has told of the loss: the record stands where the events are missing. stdout and terminal
 * are this sink with a format of their own.
 */
export class StreamSink implements Sink {
  readonly name: string;
  readonly #options: StreamOptions;
  readonly #format: StreamFormat;
  readonly #log: LogOnce;
  readonly #transport: Transport;
  readonly #queue = new LineQueue();
  readonly #loss = new Loss();
  #events = 0;
  #bytes = 0;
  #errors = 0;
  #error = '';
  /** the stream ends within a line */
  #torn = false;
  #gone = false;
  #closing = false;
  #sending: Promise<void> | undefined;
  #inFlight: Buffer | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** Throws if the descriptor is not open. */
  constructor(name: string, format: StreamFormat, options: StreamOptions) {
    this.name = name;
    this.#format = format;
    this.#options = options;
    this.#log = new LogOnce(options.log);
    this.#transport = openTransport(options.fd);
  }

  write(chunk: Uint8Array, events: number): void {
    const closed = this.#gone || this.#closing || this.#loss.pending > 0;
    const room = closed ? 0 : this.#options.queueBytes - this.#queue.bytes;
    if (chunk.length <= room) {
      this.#queue.push(chunk);
    } else {
      const end = lastLineEnd(chunk, room);
      const rest = chunk.subarray(end);
      this.#queue.push(chunk.subarray(0, end));
      this.#loss.add(rest, end === 0 ? events : countLines(rest));
    }
    if (this.#error === '') this.#start();
  }

  reopen(): void {}

  async close(): Promise<void> {
    this.#closing = true;
    this.#start();
    const timeout = new AbortController();
    const late = sleep(this.#options.closeTimeoutMs, undefined, { signal: timeout.signal });
    await Promise.race([this.#sending, late]);
    timeout.abort();
    await late.catch(() => {});
    clearTimeout(this.#timer);
    this.#gone = true;
    for (const left of [this.#inFlight ?? Buffer.alloc(0), this.#queue.take(Infinity)]) {
      this.#loss.add(left, countLines(left));
    }
    this.#inFlight = undefined;
    this.#transport.close();
    if (this.#loss.pending > 0) {
      this.#log.warn('left', 'Events were left when the output closed', { lost: this.#loss.pending });
    }
    this.#log.close();
  }

  stats(): SinkStats {
    return {
      events: this.#events,
      bytes: this.#bytes,
      lost: this.#loss.total,
      errors: this.#errors,
      error: this.#error,
    };
  }

  #start(idle = false): void {
    if (this.#sending !== undefined || this.#gone) return;
    clearTimeout(this.#timer);
    this.#sending = this.#sendAll(idle).finally(() => {
      this.#sending = undefined;
    });
  }

  /** Until nothing waits or an error comes. One promise per slice, none per event. */
  async #sendAll(idle: boolean): Promise<void> {
    while (this.#queue.bytes > 0 || this.#loss.pending > 0) {
      // Lets the caller go on, and chunks of one turn leave together.
      await nextTurn();
      if (await (this.#queue.bytes > 0 ? this.#sendSlice() : this.#sendGap())) continue;
      if (!this.#gone) this.#timer = setTimeout(() => this.#start(), RETRY_MS).unref();
      return;
    }
    if (this.#format.idle === undefined) return;
    if (idle || this.#closing) await this.#send(this.#format.idle());
    else this.#timer = setTimeout(() => this.#start(true), IDLE_MS).unref();
  }

  async #sendSlice(): Promise<boolean> {
    const slice = this.#queue.take(SLICE_BYTES);
    const text = this.#format.lines(slice);
    this.#inFlight = slice;
    const sent = await this.#send(text);
    if (this.#inFlight !== slice) return false;
    this.#inFlight = undefined;
    // Bytes of another form do not tell which events they hold: then none of the slice counts as sent.
    const whole = text === slice ? lastLineEnd(slice, sent) : sent === text.length ? slice.length : 0;
    const rest = slice.subarray(whole);
    const missing = countLines(rest);
    this.#events += countLines(slice) - missing;
    this.#loss.add(rest, missing);
    return missing === 0;
  }

  async #sendGap(): Promise<boolean> {
    const line = viewOf(this.#loss.tell(this.#options.gapLine));
    const text = this.#format.lines(Buffer.from(line));
    if ((await this.#send(text)) === text.length) return true;
    this.#loss.untell();
    return false;
  }

  /** Returns how many of the bytes have left; fewer than all means an error. */
  async #send(text: Uint8Array): Promise<number> {
    if (text.length === 0) return 0;
    const bytes = this.#torn ? Buffer.concat([NEWLINE, text]) : text;
    const added = bytes.length - text.length;
    try {
      await this.#transport.write(bytes);
      this.#torn = false;
      this.#bytes += bytes.length;
      this.#error = '';
      return text.length;
    } catch (error) {
      const written = (error as { written?: number }).written ?? 0;
      if (written > 0) this.#torn = bytes[written - 1] !== NEWLINE[0];
      this.#bytes += written;
      this.#fail(error as NodeJS.ErrnoException);
      return Math.max(0, written - added);
    }
  }

  #fail(error: NodeJS.ErrnoException): void {
    this.#errors++;
    this.#error = AgentError.from(error).message;
    if (this.#gone) return;
    if (!GONE.has(error.code ?? '')) {
      this.#log.error(this.#error, 'Cannot write to the output; events are lost until it works', {
        err: error,
      });
      return;
    }
    this.#gone = true;
    if (!this.#closing) this.#options.onClosed();
  }
}
