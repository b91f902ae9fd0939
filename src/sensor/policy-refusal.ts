// SPDX-License-Identifier: Apache-2.0
import { AgentError, ErrorCode } from '../base/errors.ts';
import { formatProblem } from '../policy/format-problem.ts';
import type { PolicyProblem } from '../policy/problem.ts';

/** A change of the policies that was not made; nothing has changed. The message tells every problem with its place. */
export class PolicyRefusal extends AgentError {
  /** `exists`: a policy of that name is loaded; `missing`: none is */
  readonly reason: 'invalid' | 'exists' | 'missing';
  readonly problems: readonly PolicyProblem[];

  constructor(reason: PolicyRefusal['reason'], problems: readonly PolicyProblem[], message?: string) {
    super(ErrorCode.Policy, message ?? problems.map(formatProblem).join('').trimEnd());
    this.name = 'PolicyRefusal';
    this.reason = reason;
    this.problems = problems;
  }
}
