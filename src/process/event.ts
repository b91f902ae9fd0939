// SPDX-License-Identifier: Apache-2.0
import type { HookRecord } from '../events/hook-record.ts';
import type { Gap } from '../events/sequence.ts';
import type { Process } from './process.ts';

/** What is known to be missing around an event; each stands in the event as `merlon.enrichment`. */
export type Enrichment =
  /** the record of the process, or of its present image, was lost: id and start time are all there is */
  | 'process_unknown'
  /** the table had no room: descendants will not find this process */
  | 'table_full'
  /** the policies that a hook's record was made for are gone: what it hit is not known */
  | 'hook_unknown';

export interface ExecOccurrence {
  readonly kind: 'exec';
  readonly ktime: bigint;
  readonly process: Process;
  readonly enrichment: Enrichment | undefined;
}

export interface ExitOccurrence {
  readonly kind: 'exit';
  readonly ktime: bigint;
  readonly process: Process;
  readonly enrichment: Enrichment | undefined;
  /** as wait(2) gives it */
  readonly code: number;
}

export interface TracepointOccurrence {
  readonly kind: 'tracepoint';
  readonly ktime: bigint;
  readonly process: Process;
  readonly enrichment: Enrichment | undefined;
  readonly hook: number;
  readonly arg0: bigint;
  readonly arg1: bigint;
}

/** One hit of a hook in the kernel, for all policies that it matched: encoders make one event for each of them. */
export interface HookOccurrence {
  readonly kind: 'hook';
  readonly ktime: bigint;
  readonly process: Process;
  readonly enrichment: Enrichment | undefined;
  /** good until the occurrence has been taken: it points into the batch */
  readonly record: HookRecord;
}

export interface GapOccurrence {
  readonly kind: 'gap';
  /** name of the lane, or `sink:NAME` */
  readonly lane: string;
  readonly gap: Gap;
}

/** Everything that can reach an output, in the agent's own terms. */
export type Occurrence =
  ExecOccurrence | ExitOccurrence | TracepointOccurrence | HookOccurrence | GapOccurrence;
