// SPDX-License-Identifier: Apache-2.0
import type { CelCall, CelConstant, CelNode, CelOperation, CelType } from '../policy/cel-node.ts';

/** The same expression without what can be computed now. Only the whole can still be a constant of truth. */
export function foldCel(node: CelNode): CelNode {
  if (node.kind !== 'call') return node;
  const call = { ...node, operands: node.operands.map(foldCel) };
  if (call.operation === 'logicalAnd' || call.operation === 'logicalOr') return foldLogic(call);
  const constants = call.operands.filter((operand) => operand.kind === 'constant');
  if (constants.length < call.operands.length) return call;
  const [left = 0n, right = 0n] = constants.map(({ value }) => value);
  return celConstant(call.type, compute(call.operation, left, right));
}

/** A constant cut to what its type can hold. */
export function celConstant(type: CelType, value: bigint): CelConstant {
  return { kind: 'constant', type, value: CUTS[type](value) };
}

/** Everything wraps at its type's width, as Tetragon's expressions do. */
const CUTS: Readonly<Record<CelType, (value: bigint) => bigint>> = {
  int: (value) => BigInt.asIntN(64, value),
  uint: (value) => BigInt.asUintN(64, value),
  int32: (value) => BigInt.asIntN(32, value),
  uint32: (value) => BigInt.asUintN(32, value),
  bool: (value) => value,
};

/** true && x is x, false && x is false whatever x is, also when it cannot be read; || the other way. */
function foldLogic(call: CelCall): CelNode {
  const neutral = call.operation === 'logicalAnd' ? 1n : 0n;
  const open = call.operands.filter((operand) => operand.kind !== 'constant' || operand.value !== neutral);
  const deciding = open.find((operand) => operand.kind === 'constant');
  if (deciding !== undefined) return deciding;
  const [first] = open;
  if (first === undefined) return celConstant('bool', neutral);
  return open.length === 1 ? first : call;
}

function compute(operation: CelOperation, left: bigint, right: bigint): bigint {
  switch (operation) {
    case 'add':
      return left + right;
    case 'subtract':
      return left - right;
    case 'and':
      return left & right;
    case 'or':
      return left | right;
    case 'xor':
      return left ^ right;
    case 'not':
      return ~left;
    case 'int32':
    case 'uint32':
      return left;
    case 'equal':
      return truth(left === right);
    case 'notEqual':
      return truth(left !== right);
    case 'less':
      return truth(left < right);
    case 'lessOrEqual':
      return truth(left <= right);
    case 'greater':
      return truth(left > right);
    case 'greaterOrEqual':
      return truth(left >= right);
    case 'logicalNot':
      return truth(left === 0n);
    case 'logicalAnd':
    case 'logicalOr':
      throw new RangeError('Logic is folded before');
  }
}

function truth(holds: boolean): bigint {
  return holds ? 1n : 0n;
}
