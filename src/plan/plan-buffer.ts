// SPDX-License-Identifier: Apache-2.0
import type { Argument, ArgumentType } from '../policy/model.ts';
import { PlanError } from './plan-problem.ts';
import type { Signature } from './plan-value.ts';
import type { ValuePlan } from './value-plan.ts';

/** Arguments that programs of every kind have. */
const LAST_ARGUMENT = 5;
const INT_BYTES = 4;
/** Types that can have more bytes than a value holds. */
const WIDE: ReadonlySet<ArgumentType> = new Set(['char_buf', 'char_iovec', 'iov_iter']);

/** How much of a buffer is read. Throws a PlanError for what cannot say it on this hook. */
export function planBuffer(
  argument: Argument,
  type: ArgumentType,
  signature: Signature,
): Pick<ValuePlan, 'sizeArgument' | 'returnCopy' | 'maxData'> & Partial<Pick<ValuePlan, 'bytes'>> {
  const { sizeArgument, returnCopy, maxData, at } = argument;
  if (maxData && !WIDE.has(type)) throw noBuffer(argument);
  if (maxData && type === 'char_buf' && sizeArgument === undefined)
    throw new PlanError(
      at,
      'Cannot use maxData: nothing says how long the buffer is',
      'Name the argument that holds its size with sizeArgIndex, counted from 1.',
    );
  if (type === 'char_iovec' && sizeArgument === undefined)
    throw new PlanError(
      at,
      `Cannot read argument ${argument.index} as "char_iovec": field "sizeArgIndex" is missing`,
      'Name the argument that holds the number of segments, counted from 1.',
    );
  if (type === 'iov_iter' && returnCopy)
    throw new PlanError(
      at,
      'Cannot use returnCopy with "iov_iter": the function has moved the iterator on when it returns',
      'Read the buffer that the iterator was made of, in the system call.',
    );
  if (sizeArgument === undefined) return { sizeArgument: 0, returnCopy, maxData };
  checkSizeArgument(sizeArgument, argument, signature);
  const parameter = signature.kind === 'function' ? signature.parameters[sizeArgument] : undefined;
  return {
    sizeArgument: sizeArgument + 1,
    returnCopy,
    maxData,
    ...(parameter?.size === INT_BYTES && { bytes: INT_BYTES }),
  };
}

export function noBuffer({ spelling, at }: Argument): PlanError {
  return new PlanError(
    at,
    `Cannot use maxData with type "${spelling}": expected char_buf, char_iovec or iov_iter`,
    'Delete it.',
  );
}

function checkSizeArgument(index: number, { at }: Argument, signature: Signature): void {
  const refuse = (why: string): never => {
    throw new PlanError(at, `Cannot use sizeArgIndex ${index + 1}: ${why}`);
  };
  if (signature.kind === 'usdt' || signature.kind === 'record')
    refuse(
      `this version does not serve it in ${signature.kind === 'usdt' ? 'a USDT probe' : 'a tracepoint'}`,
    );
  if (signature.kind === 'function' && index >= signature.parameters.length)
    refuse(`${signature.title} has ${signature.parameters.length} arguments, counted from 1`);
  if (index > LAST_ARGUMENT) refuse(`only arguments from 1 to ${LAST_ARGUMENT + 1} are in registers`);
}
