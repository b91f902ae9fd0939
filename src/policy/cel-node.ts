// SPDX-License-Identifier: Apache-2.0
/** What a filter's expression computes with: integers of two sizes with and without a sign, and truth. */
export type CelType = 'int' | 'uint' | 'int32' | 'uint32' | 'bool';

/** A checked expression as plain data, for the compiler. */
export type CelNode = CelConstant | CelArgument | CelCall;

export interface CelConstant {
  readonly kind: 'constant';
  readonly type: CelType;
  /** true is 1 */
  readonly value: bigint;
}

/** `argN`: entry N of the hook's args. */
export interface CelArgument {
  readonly kind: 'argument';
  readonly type: CelType;
  readonly entry: number;
}

export interface CelCall {
  readonly kind: 'call';
  readonly type: CelType;
  readonly operation: CelOperation;
  readonly operands: readonly CelNode[];
}

export type CelOperation =
  | ('add' | 'subtract' | 'and' | 'or' | 'xor' | 'not' | 'int32' | 'uint32')
  | ('equal' | 'notEqual' | 'less' | 'lessOrEqual' | 'greater' | 'greaterOrEqual')
  | ('logicalAnd' | 'logicalOr' | 'logicalNot');
