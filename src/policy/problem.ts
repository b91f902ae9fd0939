// SPDX-License-Identifier: Apache-2.0
import type { SourcePosition } from '../base/source-position.ts';

/** What kind of problem a policy has; `docs/errors.md` has an entry for each. */
export const ProblemCode = {
  /** a path cannot be read */
  File: 'file',
  /** the text is no YAML, or uses a part of YAML that policies do not have */
  Yaml: 'yaml',
  /** a key or a name stands twice */
  Duplicate: 'duplicate',
  /** no policy of a kind and version that is known */
  Kind: 'kind',
  /** name, namespace, labels or another part of `metadata` */
  Metadata: 'metadata',
  /** a field that does not exist */
  UnknownField: 'unknown-field',
  /** a field that has to be there is not */
  MissingField: 'missing-field',
  /** a value of another type, or none of those that are accepted */
  Value: 'value',
  /** a rule between fields (x-kubernetes-validations) does not hold */
  Rule: 'rule',
  /** a list, macro, argument or option by a name or position that does not exist */
  Reference: 'reference',
  /** an operator that the argument's type does not have */
  Operator: 'operator',
  /** an action with other parameters than it takes, or on a hook that cannot carry it */
  Action: 'action',
  /** parts that cannot stand together, or that would have no effect */
  Conflict: 'conflict',
  /** a CEL expression outside of what selectors evaluate */
  Cel: 'cel',
  /** the kernel lacks it or says otherwise, the verifier refuses it, or this version does not serve it */
  Kernel: 'kernel',
} as const;
export type ProblemCode = (typeof ProblemCode)[keyof typeof ProblemCode];

/** Something in a policy that keeps it from being used. */
export interface PolicyProblem {
  readonly code: ProblemCode;
  /** line 0 when the file as a whole is meant */
  readonly at: SourcePosition;
  /** what cannot be done, with which value, and what is accepted; no period at the end */
  readonly message: string;
  /** a sentence: what to do */
  readonly remedy?: string;
}

export type OnProblem = (problem: PolicyProblem) => void;

/** The position of a whole file. */
export function wholeFile(file: string): SourcePosition {
  return { file, line: 0, column: 0, text: '' };
}
