// SPDX-License-Identifier: Apache-2.0
import { CelOperand, CelStepKind, CelStepType, HookLimit } from '../events/gen/layouts.ts';
import type { CelCall, CelNode, CelOperation, CelType } from '../policy/cel-node.ts';
import { celConstant } from './cel-fold.ts';

/** A step as bpf/lib/match_cel.h runs it, but for those around the expression. */
export interface CelStep {
  readonly kind: (typeof CelStepKind)[keyof typeof CelStepKind];
  readonly type: (typeof CelStepType)[keyof typeof CelStepType];
  /** registers: those from 0 hold the hook's values */
  readonly target: number;
  readonly left: number;
  readonly right: number;
  /** what an operand CEL_CONSTANT is */
  readonly constant: bigint;
}

/** The register where the result of every expression ends. */
export const CEL_RESULT = HookLimit.HOOK_VALUES_MAX;

/**
 * Compiles a folded expression whose arguments are values of the program. Of two operands the one that needs more
 * registers is computed first, so that 2ⁿ steps need n + 1 at most.
 */
export function compileCel(expression: CelNode): CelStep[] {
  const steps: CelStep[] = [];
  const compute = (call: CelCall, target: number): number => {
    const { kind, type, operands } = lower(call);
    let constant = 0n;
    const place = (operand: CelNode, free: number): number => {
      if (operand.kind === 'call') return compute(operand, free);
      if (operand.kind === 'argument') return operand.entry;
      constant = operand.value;
      return CelOperand.CEL_CONSTANT;
    };
    const [left, right] = operands;
    if (registersOf(left) >= registersOf(right)) {
      const first = place(left, target);
      const second = place(right, first === target ? target + 1 : target);
      steps.push({ kind, type, target, left: first, right: second, constant });
    } else {
      const first = place(right, target);
      const second = place(left, first === target ? target + 1 : target);
      steps.push({ kind, type, target, left: second, right: first, constant });
    }
    return target;
  };
  compute(expression.kind === 'call' ? expression : asCall(expression), CEL_RESULT);
  return steps;
}

/** A constant; as an operand of both sides it is one. */
function asCall(node: CelNode): CelCall {
  return { kind: 'call', type: node.type, operation: 'or', operands: [node, node] };
}

interface Lowered {
  readonly kind: CelStep['kind'];
  readonly type: CelStep['type'];
  readonly operands: readonly [CelNode, CelNode];
}

const STEP_TYPES: Readonly<Record<CelType, CelStep['type']>> = {
  int: CelStepType.CEL_TYPE_INT,
  uint: CelStepType.CEL_TYPE_UINT,
  int32: CelStepType.CEL_TYPE_INT32,
  uint32: CelStepType.CEL_TYPE_UINT32,
  bool: CelStepType.CEL_TYPE_BOOL,
};

/** Of two operands, in their order or the other way round. */
const BINARY: Partial<Readonly<Record<CelOperation, readonly [kind: CelStep['kind'], turned?: 'turned']>>> = {
  add: [CelStepKind.CEL_ADD],
  subtract: [CelStepKind.CEL_SUBTRACT],
  and: [CelStepKind.CEL_AND],
  or: [CelStepKind.CEL_OR],
  xor: [CelStepKind.CEL_XOR],
  equal: [CelStepKind.CEL_EQUAL],
  notEqual: [CelStepKind.CEL_NOT_EQUAL],
  less: [CelStepKind.CEL_LESS],
  lessOrEqual: [CelStepKind.CEL_LESS_OR_EQUAL],
  greater: [CelStepKind.CEL_LESS, 'turned'],
  greaterOrEqual: [CelStepKind.CEL_LESS_OR_EQUAL, 'turned'],
  logicalAnd: [CelStepKind.CEL_BOTH],
  logicalOr: [CelStepKind.CEL_EITHER],
};

function lower({ operation, type, operands }: CelCall): Lowered {
  const [left, right] = operands;
  if (left === undefined) throw new RangeError('An operation has operands');
  const binary = BINARY[operation];
  if (binary !== undefined && right !== undefined) {
    const [kind, turned] = binary;
    const stepType = STEP_TYPES[type === 'bool' ? left.type : type];
    return { kind, type: stepType, operands: turned === undefined ? [left, right] : [right, left] };
  }
  const withConstant = (kind: CelStep['kind'], constant: bigint): Lowered => ({
    kind,
    type: STEP_TYPES[type],
    operands: [left, celConstant(type, constant)],
  });
  if (operation === 'logicalNot') return withConstant(CelStepKind.CEL_EQUAL, 0n);
  if (operation === 'not') return withConstant(CelStepKind.CEL_XOR, -1n);
  // A conversion: the step cuts its result to its type.
  return withConstant(CelStepKind.CEL_OR, 0n);
}

function registersOf(node: CelNode): number {
  if (node.kind !== 'call') return 0;
  const [left = 0, right = 0] = node.operands.map(registersOf);
  return left === right ? left + 1 : Math.max(left, right);
}
