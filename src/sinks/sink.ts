// SPDX-License-Identifier: Apache-2.0

/** What a sink has done since it was opened. */
export interface SinkStats {
  /** events that have left through it */
  readonly events: number;
  readonly bytes: number;
  /** events that did not, as its gap records tell or will tell */
  readonly lost: number;
  /** failed operations */
  readonly errors: number;
  /** the present error; empty while the sink works */
  readonly error: string;
}

/**
 * Where encoded events leave the agent. After each batch from the kernel every sink gets the same chunk: whole JSON
 * lines in export form, each ended by a newline. A sink that is down loses and counts its own events and tells of them
 * in its own output when it works again; no other sink notices.
 */
export interface Sink {
  readonly name: string;
  /**
   * Takes `events` whole lines. Never throws and never waits for a reader. The chunk's memory is used again after the
   * call: what is kept has to be copied.
   */
  write(chunk: Uint8Array, events: number): void;
  /** On SIGHUP: opens anew what may have been moved away. */
  reopen(): void;
  /** Writes out what is held, within a bounded time, and lets go of every resource. */
  close(): Promise<void>;
  stats(): SinkStats;
}

/**
 * Encodes a `merlon_gap` record of the sink's lane as one line. `fromNs` and `toNs` are Unix time in nanoseconds; every
 * lost event lies between them.
 */
export type GapLine = (lost: number, fromNs: bigint, toNs: bigint) => Uint8Array;
