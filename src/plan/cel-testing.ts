// SPDX-License-Identifier: Apache-2.0
/** Random expressions of CelExpr and what they come to, written down as plainly as it can be, for tests. */
import type { CelCall, CelNode, CelOperation, CelType } from '../policy/cel-node.ts';
import type { Random } from './testing.ts';

const INTEGERS = ['int', 'uint', 'int32', 'uint32'] as const;
type IntegerType = (typeof INTEGERS)[number];

/** A condition over arguments of these types; undefined: not to be named. Its constants are of the words, or near. */
export function randomCel(
  random: Random,
  types: readonly (CelType | undefined)[],
  words: readonly bigint[],
  depth: number,
): CelNode {
  const call = (type: CelType, operation: CelOperation, ...operands: CelNode[]): CelCall => ({
    ...{ kind: 'call', type, operation, operands },
  });
  const constant = (type: IntegerType): CelNode => {
    const word = random.pick(words) + BigInt(random.below(3)) - 1n;
    const wide = type === 'int' || type === 'int32';
    const value = wide ? BigInt.asIntN(64, word) : BigInt.asUintN(64, word);
    const whole: CelNode = { kind: 'constant', type: wide ? 'int' : 'uint', value };
    return type === 'int32' || type === 'uint32' ? call(type, type, whole) : whole;
  };
  const integer = (type: IntegerType, left: number): CelNode => {
    const entries = types.flatMap((one, entry) => (one === type ? [entry] : []));
    if (left === 0 || random.chance(0.3))
      return entries.length > 0 && random.chance(0.7)
        ? { kind: 'argument', type, entry: random.pick(entries) }
        : constant(type);
    if (random.chance(0.1)) return call(type, 'not', integer(type, left - 1));
    if (type === 'int32' && random.chance(0.2)) return call(type, type, integer('int', left - 1));
    if (type === 'uint32' && random.chance(0.2)) return call(type, type, integer('uint', left - 1));
    const operation = random.pick(['add', 'subtract', 'and', 'or', 'xor'] as const);
    return call(type, operation, integer(type, left - 1), integer(type, left - 1));
  };
  const comparison = (left: number): CelNode => {
    const named = INTEGERS.filter((type) => types.includes(type));
    const type = random.pick(named.length > 0 && random.chance(0.9) ? named : INTEGERS);
    const operation = random.pick([
      ...(['equal', 'notEqual', 'less', 'lessOrEqual', 'greater', 'greaterOrEqual'] as const),
    ]);
    return call('bool', operation, integer(type, left), integer(type, left));
  };
  const truth = (left: number): CelNode => {
    if (random.chance(0.04)) return { kind: 'constant', type: 'bool', value: BigInt(random.below(2)) };
    if (left === 0 || random.chance(0.3)) return comparison(left);
    if (random.chance(0.15)) return call('bool', 'logicalNot', truth(left - 1));
    const operation = random.pick([
      'logicalAnd',
      'logicalOr',
      'logicalAnd',
      'logicalOr',
      'equal',
      'notEqual',
    ]);
    return call('bool', operation as CelOperation, truth(left - 1), truth(left - 1));
  };
  return truth(depth);
}

/** Truth is 0 or 1; `unknown` when it depends on an argument without a number. */
export function evaluateCel(node: CelNode, values: readonly (bigint | undefined)[]): bigint | 'unknown' {
  if (node.kind === 'constant') return node.value;
  if (node.kind === 'argument') {
    const value = values[node.entry];
    return value === undefined ? 'unknown' : cut(node.type, value);
  }
  const { type, operation } = node;
  const operands = node.operands.map((operand) => evaluateCel(operand, values));
  if (operation === 'logicalAnd' && operands.includes(0n)) return 0n;
  if (operation === 'logicalOr' && operands.includes(1n)) return 1n;
  const [left, right = 0n] = operands;
  if (left === undefined || left === 'unknown' || right === 'unknown') return 'unknown';
  const result = RESULTS[operation](left, right);
  if (typeof result === 'boolean') return result ? 1n : 0n;
  return cut(type, result);
}

/** What the type can hold of a number: its low bits. */
function cut(type: CelType, number: bigint): bigint {
  const bits = type === 'int32' || type === 'uint32' ? 32 : 64;
  return type.startsWith('u') ? BigInt.asUintN(bits, number) : BigInt.asIntN(bits, number);
}

const RESULTS: Readonly<Record<CelOperation, (left: bigint, right: bigint) => bigint | boolean>> = {
  add: (left, right) => left + right,
  subtract: (left, right) => left - right,
  and: (left, right) => left & right,
  or: (left, right) => left | right,
  xor: (left, right) => left ^ right,
  not: (left) => ~left,
  int32: (left) => left,
  uint32: (left) => left,
  equal: (left, right) => left === right,
  notEqual: (left, right) => left !== right,
  less: (left, right) => left < right,
  lessOrEqual: (left, right) => left <= right,
  greater: (left, right) => left > right,
  greaterOrEqual: (left, right) => left >= right,
  logicalAnd: () => true,
  logicalOr: () => false,
  logicalNot: (left) => left === 0n,
};
