// SPDX-License-Identifier: Apache-2.0
import type { BtfParameter } from '../../native/index.d.ts';
import { HookLimit, ValueSource } from '../events/gen/layouts.ts';
import type { Argument, ArgumentType } from '../policy/model.ts';
import { autoType, numberType, structOf } from './auto-type.ts';
import { checkType, namesOf } from './check-type.ts';
import type { KernelFacts, ResolvedPath, TracepointField, OtherTypes } from './kernel-facts.ts';
import { memberRemedy, reasonOf } from './member-remedy.ts';
import { PlanError, UncheckedFact } from './plan-problem.ts';
import { registerValue } from './plan-register.ts';
import { type UsdtArgument, usdtArgument, usdtNumber, usdtPlace } from './usdt-argument.ts';
import { noBuffer, planBuffer } from './plan-buffer.ts';
import { fieldValue, indexRemedy } from './plan-field.ts';
import type { ValuePlan } from './value-plan.ts';
import { isBuffer, makeValue, typeFacts } from './value-plan.ts';

/** What a hook's arguments are, by position. */
export type Signature =
  | {
      readonly kind: 'function';
      /** as messages name it: function "NAME" */
      readonly title: string;
      readonly parameters: readonly BtfParameter[];
      readonly returns: BtfParameter | undefined;
      /** of the module that the function is part of; undefined for the kernel's own */
      readonly types?: OtherTypes | undefined;
    }
  /** arguments of a system call: their number, but no types */
  | { readonly kind: 'syscall' }
  | { readonly kind: 'record'; readonly fields: readonly TracepointField[] }
  /** a function in user space: no types but those of btfPath */
  | { readonly kind: 'user'; readonly types: OtherTypes | undefined }
  /** a USDT probe: where its arguments are */
  | { readonly kind: 'usdt'; readonly args: readonly UsdtArgument[]; readonly types: OtherTypes | undefined };

const SYSCALL_ARGUMENTS = 6;
/** Arguments that registers hold. */
const REGISTER_ARGUMENTS = 6;
const FD_BYTES = 4;

/** Where an argument of a policy is found and how it is read. Throws a PlanError with the argument's position. */
export function planValue(
  argument: Argument,
  signature: Signature,
  facts: KernelFacts,
  isReturn = false,
): ValuePlan {
  if (argument.source === 'pt_regs') {
    if (signature.kind !== 'user' && signature.kind !== 'usdt')
      throw new PlanError(
        argument.at,
        `Cannot read from pt_regs in ${describe(signature)}`,
        'Use an argument of the hook.',
      );
    return finish(argument, typeOfRegister(argument), registerValue(argument, facts), facts, signature);
  }
  if (argument.source === 'current_task')
    return resolved(argument, 'task_struct', { source: ValueSource.SOURCE_TASK }, facts, signature);
  if (signature.kind === 'record') return fieldValue(argument, signature);
  if (signature.kind === 'usdt') return usdtValue(argument, signature, facts);
  const parameter = isReturn ? returnOf(signature) : parameterOf(argument, signature);
  const place = isReturn
    ? { source: ValueSource.SOURCE_RETURN }
    : { source: ValueSource.SOURCE_ARGUMENT, index: argument.index };
  const struct = argument.btfType ?? (parameter === undefined ? undefined : structOf(parameter.typeName));
  if (argument.resolve !== '') {
    if (struct === undefined)
      throw new PlanError(
        argument.fieldAt.resolve,
        `Cannot resolve "${argument.resolve}": the type of argument ${argument.index} is not known to be a struct`,
        'Name it with btfType.',
      );
    return resolved(argument, struct, place, facts, signature, typesOf(argument, signature, facts));
  }
  const type = argument.type === 'auto' ? autoOf(argument, parameter) : argument.type;
  checkType(argument, type, parameter);
  return finish(argument, type, place, facts, signature);
}

/** Where a struct is looked for. */
function typesOf(argument: Argument, signature: Signature, facts: KernelFacts): OtherTypes {
  const { btfTypeModule } = argument;
  if (btfTypeModule === undefined) return ('types' in signature ? signature.types : undefined) ?? facts;
  try {
    return facts.moduleTypes(btfTypeModule);
  } catch (error) {
    if (error instanceof UncheckedFact) throw error;
    throw new PlanError(
      argument.at,
      `Cannot use btfTypeModule "${btfTypeModule}": ${error instanceof Error ? error.message : String(error)}`,
      'Load the module before the policy; /sys/kernel/btf lists those that are.',
    );
  }
}

/** A number is cut as the probe's note says; whatever has members or bytes is behind a pointer. */
function usdtValue(
  argument: Argument,
  signature: Extract<Signature, { kind: 'usdt' }>,
  facts: KernelFacts,
): ValuePlan {
  const { args, types } = signature;
  const found = usdtArgument(argument, args);
  if (argument.resolve !== '')
    return resolved(
      argument,
      argument.btfType ?? '',
      usdtPlace(argument, args, true, facts),
      facts,
      signature,
      types ?? facts,
    );
  const type = argument.type === 'auto' ? numberType(found.bytes, found.signed) : argument.type;
  const known = type === undefined ? undefined : typeFacts(type);
  if (type === undefined || known === undefined)
    throw new PlanError(
      argument.at,
      `Cannot read argument ${argument.index} (${found.spelling}) as "${argument.spelling}": this version does not serve it`,
    );
  const isNumber = known.form === 'number';
  const place = usdtPlace(argument, args, !isNumber, facts);
  if (!isNumber) return finish(argument, type, place, facts, signature);
  if (argument.maxData) throw noBuffer(argument);
  const { bytes, signed } = usdtNumber(found, known);
  return makeValue(type, { ...known, signed }, { ...place, bytes });
}

function returnOf(signature: Signature): BtfParameter | undefined {
  return signature.kind === 'function' ? signature.returns : undefined;
}

function parameterOf(argument: Argument, signature: Signature): BtfParameter | undefined {
  const { index } = argument;
  if (signature.kind === 'function') {
    const parameter = signature.parameters[index];
    if (parameter === undefined)
      throw new PlanError(
        argument.fieldAt.index,
        `Cannot use argument ${index}: ${signature.title} has ${signature.parameters.length} (${namesOf(signature.parameters)})`,
        indexRemedy(signature.parameters.length),
      );
    if (index >= REGISTER_ARGUMENTS)
      throw new PlanError(
        argument.fieldAt.index,
        `Cannot use argument ${index}: only those from 0 to ${REGISTER_ARGUMENTS - 1} are in registers`,
      );
    return parameter;
  }
  if (index >= SYSCALL_ARGUMENTS)
    throw new PlanError(
      argument.fieldAt.index,
      `Cannot use argument ${index}: ${signature.kind === 'syscall' ? 'a system call has' : 'registers hold'} at most ${SYSCALL_ARGUMENTS}, from 0`,
    );
  return undefined;
}

function autoOf(argument: Argument, parameter: BtfParameter | undefined): ArgumentType {
  const type =
    parameter === undefined ? undefined : autoType(parameter.typeName, parameter.kind, parameter.size);
  if (type !== undefined) return type;
  const what =
    parameter === undefined ? 'the kernel does not tell its type' : `its type is "${parameter.typeName}"`;
  throw new PlanError(
    argument.fieldAt.type,
    `Cannot choose a type for argument ${argument.index}: ${what}`,
    'Name the type.',
  );
}

/** A path through members, from a pointer to `struct`. */
function resolved(
  argument: Argument,
  struct: string,
  place: Partial<ValuePlan> & Pick<ValuePlan, 'source'>,
  facts: KernelFacts,
  signature: Signature,
  types: OtherTypes = facts,
): ValuePlan {
  let end: ResolvedPath;
  try {
    end = types.resolvePath(struct, argument.resolve);
  } catch (error) {
    throw new PlanError(
      argument.fieldAt.resolve,
      `Cannot resolve "${argument.resolve}" from "struct ${struct}": ${reasonOf(error)}`,
      memberRemedy(struct, argument.resolve, types),
    );
  }
  const type = argument.type === 'auto' ? autoType(end.typeName, end.kind, end.size) : argument.type;
  if (type === undefined)
    throw new PlanError(
      argument.fieldAt.resolve,
      `Cannot choose a type for "${argument.resolve}": it is "${end.typeName}"`,
      'Name the type.',
    );
  const isNumber = typeFacts(type)?.form === 'number' || type === 'fd';
  if (type === 'fd' && (end.size < FD_BYTES || end.bitSize > 0))
    throw new PlanError(
      argument.at,
      `Cannot read "${argument.resolve}" as "fd": it is "${end.typeName}", which is smaller than a descriptor`,
    );
  const path = [
    ...(place.path ?? []),
    ...end.steps.map(({ offset, followsPointer }) => ({ offset, follow: followsPointer })),
  ];
  const last = path.at(-1);
  // A number is read where the path ends; an object is there itself, or a pointer to it is.
  const isObject = !isNumber || CRED_MEMBERS[type] !== undefined;
  if (last !== undefined && !last.follow && isObject && end.kind === 'pointer')
    path[path.length - 1] = { offset: last.offset, follow: true };
  return finish(
    argument,
    type,
    {
      ...place,
      path,
      ...(isNumber && end.size <= 8 && end.size > 0 && { bytes: end.size }),
      ...(end.bitSize > 0 && { bitShift: end.bitOffset, bitWidth: end.bitSize }),
    },
    facts,
    signature,
  );
}

/** Sets of capabilities are members of the cred that the argument points to. */
const CRED_MEMBERS: Partial<Record<ArgumentType, string>> = {
  cap_inheritable: 'cap_inheritable',
  cap_permitted: 'cap_permitted',
  cap_effective: 'cap_effective',
};

function finish(
  argument: Argument,
  type: ArgumentType,
  place: Partial<ValuePlan> & Pick<ValuePlan, 'source'>,
  facts: KernelFacts,
  signature: Signature,
): ValuePlan {
  const known = typeFacts(type);
  if (known === undefined)
    throw new PlanError(
      argument.fieldAt.type,
      `Cannot read a value of type "${argument.spelling}": this version does not serve it`,
    );
  if (argument.maxData && !isBuffer(known)) throw noBuffer(argument);
  const member = CRED_MEMBERS[type];
  const steps =
    member === undefined
      ? []
      : facts
          .resolvePath('cred', member)
          .steps.map(({ offset, followsPointer }) => ({ offset, follow: followsPointer }));
  const path = [...(place.path ?? []), ...steps];
  if (path.length > HookLimit.HOOK_STEPS_MAX)
    throw new PlanError(
      argument.fieldAt.resolve,
      `Cannot resolve "${argument.resolve}": it follows ${path.length} pointers and members, at most ${HookLimit.HOOK_STEPS_MAX} fit`,
    );
  return makeValue(type, known, {
    ...place,
    ...(path.length > 0 && { path }),
    ...(isBuffer(known) && planBuffer(argument, type, signature)),
  });
}

function typeOfRegister({ type }: Argument): ArgumentType {
  return type === 'auto' ? 'uint64' : type;
}

function describe(signature: Signature): string {
  return signature.kind === 'record' ? 'a tracepoint' : 'this hook';
}
