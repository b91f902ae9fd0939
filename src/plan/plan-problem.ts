// SPDX-License-Identifier: Apache-2.0
import type { SourcePosition } from '../base/source-position.ts';

/** Thrown while a policy is planned: this policy cannot be served by this kernel, or not by this version. */
export class PlanError extends Error {
  readonly at: SourcePosition;
  readonly remedy: string | undefined;

  constructor(at: SourcePosition, message: string, remedy?: string) {
    super(message);
    this.name = 'PlanError';
    this.at = at;
    this.remedy = remedy;
  }
}

/** A limit to workloads: nothing is wrong with the policy, but the agent cannot tell workloads apart yet. */
export class NeedsKubernetes extends PlanError {}

/** Thrown when facts are asked for that are not at hand: whether the policy can be served is not known. */
export class UncheckedFact extends Error {
  /** `what` was not checked, as the end of a sentence: "fields of tracepoint ..." */
  constructor(what: string) {
    super(what);
    this.name = 'UncheckedFact';
  }
}

/** Hears of what is wrong with a policy. One that throws ends the plan, one that returns has the rest looked at too. */
export type OnPlanError = (error: PlanError | UncheckedFact) => void;

/** Ends the plan at the first error. */
export const raise: OnPlanError = (error) => {
  throw error;
};

/** What `step` gives; undefined when it fails for the policy's sake and `onError` returns. */
export function attempt<Result>(step: () => Result, onError: OnPlanError): Result | undefined {
  try {
    return step();
  } catch (error) {
    if (!(error instanceof PlanError) && !(error instanceof UncheckedFact)) throw error;
    onError(error);
    return undefined;
  }
}
