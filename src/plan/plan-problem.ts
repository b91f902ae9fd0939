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
