// SPDX-License-Identifier: Apache-2.0
import type { SourcePosition } from '../base/source-position.ts';
import { HookLimit } from '../events/gen/layouts.ts';
import type { Operand } from '../policy/model.ts';
import { PlanError } from './plan-problem.ts';
import type { ValuePlan } from './value-plan.ts';

type Form = ValuePlan['shown']['form'];

const NUMBERS: readonly Form[] = ['number'];
const TEXTS: readonly Form[] = ['string', 'bytes', 'path', 'sockaddr_un'];
const SOCKETS: readonly Form[] = ['sock', 'sockaddr'];

/** Whatever looks at one value; an expression names its values itself. */
export type ComparedOperand = Exclude<Operand, { op: 'cel' }>;

/** Forms of values that an operand can look at. */
const FORMS: Readonly<Record<ComparedOperand['op'], readonly Form[]>> = {
  numbers: NUMBERS,
  ranges: NUMBERS,
  mask: NUMBERS,
  capabilitiesGained: NUMBERS,
  strings: TEXTS,
  addresses: SOCKETS,
  ports: SOCKETS,
  socketField: [...SOCKETS, 'sockaddr_un'],
  fileType: ['path'],
};

/** Throws a PlanError when the value cannot be compared like this: its type was `auto` while the policy was checked. */
export function checkOperand(
  operand: ComparedOperand,
  operator: string,
  value: ValuePlan,
  at: SourcePosition,
): void {
  if (FORMS[operand.op].includes(value.shown.form)) return;
  throw new PlanError(
    at,
    `Cannot use operator "${operator}" with these values: the value is of type "${value.shown.type}"`,
    'Name the type, and use an operator and values that fit it.',
  );
}

/** Throws a PlanError for a prefix or postfix that is longer than the kernel's tries hold. */
export function checkTrieText(
  match: Extract<Operand, { op: 'strings' }>['match'],
  values: readonly string[],
  at: SourcePosition,
): void {
  if (match !== 'prefix' && match !== 'postfix') return;
  const long = values.find((value) => Buffer.byteLength(value) > HookLimit.HOOK_TRIE_BYTES);
  if (long === undefined) return;
  throw new PlanError(
    at,
    `Cannot compare a ${match} of ${Buffer.byteLength(long)} bytes: at most ${HookLimit.HOOK_TRIE_BYTES} bytes fit`,
    `Use Equal, or a shorter ${match}.`,
  );
}
