// SPDX-License-Identifier: Apache-2.0
import type { BtfParameter } from '../../native/index.d.ts';
import type { Argument, ArgumentType } from '../policy/model.ts';
import { autoType, structOf } from './auto-type.ts';
import { PlanError } from './plan-problem.ts';
import { typeFacts } from './value-plan.ts';

/** Parameters as C declares them. */
export function namesOf(parameters: readonly BtfParameter[]): string {
  return (
    parameters
      .map(({ name, typeName }) => `${typeName}${typeName.endsWith('*') ? '' : ' '}${name}`.trimEnd())
      .join(', ') || 'none'
  );
}

/**
 * Throws a PlanError when the kernel's type contradicts the policy's. A number where the kernel has a pointer is allowed (the
 * address); an object where it has a number or another object is not.
 */
export function checkType(argument: Argument, type: ArgumentType, parameter: BtfParameter | undefined): void {
  const facts = typeFacts(type);
  if (parameter === undefined || facts === undefined || facts.form === 'number') return;
  if (type === 'fd' ? parameter.kind !== 'pointer' : canPointTo(type, parameter)) return;
  throw new PlanError(
    argument.fieldAt.type,
    `Cannot read argument ${argument.index} as "${argument.spelling}": it is "${namesOf([parameter])}"`,
    typeRemedy(parameter),
  );
}

function typeRemedy({ typeName, kind, size }: BtfParameter): string | undefined {
  const declared = autoType(typeName, kind, size);
  if (declared === undefined) return undefined;
  return structOf(typeName) !== undefined && typeFacts(declared)?.form === 'number'
    ? `Read a member of it with "resolve", or use type "${declared}".`
    : `Use type "${declared}".`;
}

/** Whether the kernel's type can be what the policy says it is; an address can be one of anything. */
function canPointTo(type: ArgumentType, { typeName, kind, size }: BtfParameter): boolean {
  if (kind !== 'pointer' && kind !== 'array' && size !== 8) return false;
  const declared = autoType(typeName, kind, size);
  if (declared === type || BYTES.includes(type)) return true;
  const struct = structOf(typeName);
  if (struct !== undefined) return KINDRED[type]?.test(struct) === true;
  return declared === undefined || typeFacts(declared)?.form === 'number';
}

/** Types that read whatever stands there. */
const BYTES: readonly ArgumentType[] = ['char_buf', 'const_buf'];

/** Structs that begin as the type's own does. */
const KINDRED: Partial<Record<ArgumentType, RegExp>> = {
  sock: /_sock$|^sock_common$/,
  sockaddr: /^sockaddr/,
  sockaddr_un: /^sockaddr/,
  char_iovec: /^iovec$/,
};
