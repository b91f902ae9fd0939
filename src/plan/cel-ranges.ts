// SPDX-License-Identifier: Apache-2.0
import type { CelCall, CelNode, CelType } from '../policy/cel-node.ts';
import type { NumberRange } from './condition.ts';
import { complementOf, intersectionOf, type NumberSet, unionOf } from './number-set.ts';

/** The numbers of one value for which an expression is true. */
export interface CelRanges {
  /** the value */
  readonly entry: number;
  readonly type: CelType;
  readonly set: NumberSet;
}

const DOMAINS: Readonly<Record<CelType, NumberRange>> = {
  int: { from: -(1n << 63n), to: (1n << 63n) - 1n },
  uint: { from: 0n, to: (1n << 64n) - 1n },
  int32: { from: -(1n << 31n), to: (1n << 31n) - 1n },
  uint32: { from: 0n, to: (1n << 32n) - 1n },
  bool: { from: 0n, to: 1n },
};

/** Every number of a type. */
export function domainOf(type: CelType): NumberRange {
  return DOMAINS[type];
}

/** Of an expression that only compares one value with constants; undefined for any other. It must be folded. */
export function celRanges(node: CelNode): CelRanges | undefined {
  if (node.kind !== 'call') return undefined;
  const { operation, operands } = node;
  if (operation !== 'logicalNot' && operation !== 'logicalAnd' && operation !== 'logicalOr')
    return comparison(node);
  const [first, second] = operands.map(celRanges);
  if (first === undefined) return undefined;
  const domain = DOMAINS[first.type];
  if (operation === 'logicalNot') return { ...first, set: complementOf(first.set, domain) };
  if (second?.entry !== first.entry || second.type !== first.type) return undefined;
  const set =
    operation === 'logicalAnd'
      ? intersectionOf(first.set, second.set)
      : unionOf(first.set, second.set, domain);
  return { ...first, set };
}

const TURNED: Partial<Readonly<Record<CelCall['operation'], CelCall['operation']>>> = {
  less: 'greater',
  lessOrEqual: 'greaterOrEqual',
  greater: 'less',
  greaterOrEqual: 'lessOrEqual',
};

function comparison({ operation, operands }: CelCall): CelRanges | undefined {
  const [left, right] = operands;
  if (left?.kind === 'argument' && right?.kind === 'constant') {
    const set = compared(operation, right.value, DOMAINS[left.type]);
    return set === undefined ? undefined : { entry: left.entry, type: left.type, set };
  }
  if (left?.kind !== 'constant' || right?.kind !== 'argument') return undefined;
  const set = compared(TURNED[operation] ?? operation, left.value, DOMAINS[right.type]);
  return set === undefined ? undefined : { entry: right.entry, type: right.type, set };
}

/** The numbers that stand so to the constant. */
function compared(
  operation: CelCall['operation'],
  constant: bigint,
  domain: NumberRange,
): NumberSet | undefined {
  const within = (from: bigint, to: bigint): NumberSet => intersectionOf([{ from, to }], [domain]);
  switch (operation) {
    case 'equal':
      return within(constant, constant);
    case 'notEqual':
      return complementOf(within(constant, constant), domain);
    case 'less':
      return within(domain.from, constant - 1n);
    case 'lessOrEqual':
      return within(domain.from, constant);
    case 'greater':
      return within(constant + 1n, domain.to);
    case 'greaterOrEqual':
      return within(constant, domain.to);
    default:
      return undefined;
  }
}
