// SPDX-License-Identifier: Apache-2.0
import type { ValueClass } from './argument-types.ts';

/** What an operator compares, without its negation and its side. */
export type Comparison =
  | 'equal'
  | 'greater'
  | 'less'
  | 'mask'
  | 'range'
  | 'map'
  | 'prefix'
  | 'postfix'
  | 'substring'
  | 'address'
  | 'port'
  | 'privilegedPort'
  | 'protocol'
  | 'family'
  | 'state'
  | 'fileType'
  | 'capabilitiesGained'
  | 'cel';

export interface Operator {
  readonly comparison: Comparison;
  readonly negated: boolean;
  readonly side: 'source' | 'destination';
  readonly ignoreCase: boolean;
}

function operator(comparison: Comparison, more: Partial<Operator> = {}): Operator {
  return { comparison, negated: false, side: 'source', ignoreCase: false, ...more };
}

const not = { negated: true } as const;
const destination = { side: 'destination' } as const;

/** By the policy's names; several names may stand for one operator. */
export const OPERATORS: Readonly<Record<string, Operator>> = {
  Equal: operator('equal'),
  NotEqual: operator('equal', not),
  GreaterThan: operator('greater'),
  GT: operator('greater'),
  LessThan: operator('less'),
  LT: operator('less'),
  Mask: operator('mask'),
  InRange: operator('range'),
  NotInRange: operator('range', not),
  InMap: operator('map'),
  NotInMap: operator('map', not),
  Prefix: operator('prefix'),
  NotPrefix: operator('prefix', not),
  Postfix: operator('postfix'),
  NotPostfix: operator('postfix', not),
  SubString: operator('substring'),
  SubStringIgnCase: operator('substring', { ignoreCase: true }),
  SubStringIgnoreCase: operator('substring', { ignoreCase: true }),
  SAddr: operator('address'),
  NotSAddr: operator('address', not),
  DAddr: operator('address', destination),
  NotDAddr: operator('address', { ...not, ...destination }),
  SPort: operator('port'),
  NotSPort: operator('port', not),
  DPort: operator('port', destination),
  NotDPort: operator('port', { ...not, ...destination }),
  SPortPriv: operator('privilegedPort'),
  NotSPortPriv: operator('privilegedPort', not),
  NotSportPriv: operator('privilegedPort', not),
  DPortPriv: operator('privilegedPort', destination),
  NotDPortPriv: operator('privilegedPort', { ...not, ...destination }),
  Protocol: operator('protocol'),
  Family: operator('family'),
  State: operator('state'),
  FileType: operator('fileType'),
  NotFileType: operator('fileType', not),
  CapabilitiesGained: operator('capabilitiesGained'),
  CelExpr: operator('cel'),
};

const NUMBERS: Comparison[] = ['equal', 'greater', 'less', 'mask', 'range', 'map'];
const TEXTS: Comparison[] = ['equal', 'prefix', 'postfix', 'substring'];
const ENDPOINT: Comparison[] = ['address', 'port', 'privilegedPort'];

/** Which comparisons a value takes. CelExpr stands for itself: it names its arguments. */
const TAKES: Readonly<Record<ValueClass['of'], readonly Comparison[]>> = {
  integer: NUMBERS,
  capability: ['equal', 'map'],
  capabilities: ['equal', 'greater', 'less', 'mask', 'capabilitiesGained'],
  text: TEXTS,
  bytes: TEXTS,
  file: [...TEXTS, 'fileType'],
  socket: [...ENDPOINT, 'protocol', 'family', 'state'],
  packet: [...ENDPOINT, 'protocol', 'family'],
  address: [...ENDPOINT, 'family'],
  unixAddress: [...TEXTS, 'family'],
  // Its type is known when the kernel's is; the plan then reads the values again.
  unknown: [...NUMBERS, ...TEXTS, ...ENDPOINT, 'protocol', 'family', 'state', 'fileType'],
  nothing: [],
};

/** Whether an operator can be used on a value. A sockaddr has one end only. */
export function takes(value: ValueClass, { comparison, side }: Operator): boolean {
  return TAKES[value.of].includes(comparison) && !(value.of === 'address' && side === 'destination');
}

/** The names of the operators that can be used on a value, without second spellings. */
export function operatorsFor(value: ValueClass): string[] {
  const second = new Set(['GT', 'LT', 'SubStringIgnoreCase', 'NotSportPriv']);
  return Object.keys(OPERATORS).filter((name) => {
    const known = OPERATORS[name];
    return known !== undefined && !second.has(name) && takes(value, known);
  });
}
