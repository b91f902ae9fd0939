// SPDX-License-Identifier: Apache-2.0
import type { ErrorCode } from '../base/errors.ts';
import type { CapabilityName, Trial } from '../kernel/capabilities.ts';

/** What was tried and read in private namespaces. */
export interface Observation {
  readonly trials: Readonly<Record<CapabilityName, Trial>>;
  readonly lsm: readonly string[] | undefined;
  readonly lockdown: string | undefined;
  /** text of /sys/kernel/debug/sched/preempt */
  readonly preempt: string | undefined;
}

/** What the process that observes prints, as JSON. */
export type Answer =
  | { readonly observation: Observation }
  | { readonly failure: { readonly code: ErrorCode; readonly message: string; readonly remedy?: string } };
