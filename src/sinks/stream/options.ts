// SPDX-License-Identifier: Apache-2.0
import type { Logger } from '../../base/log.ts';
import type { GapLine } from '../sink.ts';

export interface StreamOptions {
  /** the descriptor, normally 1; it stays open */
  readonly fd: number;
  /** most that may wait for a slow reader */
  readonly queueBytes: number;
  /** how long close() waits for the reader to take what is queued */
  readonly closeTimeoutMs: number;
  readonly gapLine: GapLine;
  /** called once when nobody can read the output any more */
  readonly onClosed: () => void;
  readonly log: Logger;
}

/** What the stream sinks on standard output need; the rest has defaults. */
export type StdoutOptions = Pick<StreamOptions, 'gapLine' | 'onClosed' | 'log'> & Partial<StreamOptions>;

export const streamDefaults = { fd: 1, queueBytes: 8 << 20, closeTimeoutMs: 2000 } as const;

/** Turns queued JSON lines into what is written; called as late as possible, so that lost events cost no formatting. */
export interface StreamFormat {
  lines(lines: Buffer): Uint8Array;
  /** what to add once the stream has been quiet for a moment; empty when there is nothing */
  idle?(): Uint8Array;
}
