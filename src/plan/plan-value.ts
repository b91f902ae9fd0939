// SPDX-License-Identifier: Apache-2.0
import type { BtfParameter } from '../../native/index.d.ts';
import { HookLimit, ValueSource } from '../events/gen/layouts.ts';
import type { Argument, ArgumentType } from '../policy/model.ts';
import { autoType, numberType, structOf } from './auto-type.ts';
import type { KernelFacts, ResolvedPath, TracepointField, OtherTypes } from './kernel-facts.ts';
import { PlanError } from './plan-problem.ts';
import { registerValue } from './plan-register.ts';
import { type UsdtArgument, usdtArgument, usdtNumber, usdtPlace } from './usdt-argument.ts';
import type { ValuePlan } from './value-plan.ts';
import { makeValue, typeFacts } from './value-plan.ts';

/** What a hook's arguments are, by position. */
export type Signature =
  | {
      readonly kind: 'function';
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
    return finish(argument, typeOfRegister(argument), registerValue(argument, facts), facts);
  }
  if (argument.source === 'current_task')
    return resolved(argument, 'task_struct', { source: ValueSource.SOURCE_TASK }, facts);
  if (signature.kind === 'record') return fieldValue(argument, signature.fields);
  if (signature.kind === 'usdt') return usdtValue(argument, signature, facts);
  const parameter = isReturn ? returnOf(signature) : parameterOf(argument, signature);
  const place = isReturn
    ? { source: ValueSource.SOURCE_RETURN }
    : { source: ValueSource.SOURCE_ARGUMENT, index: argument.index };
  const struct = argument.btfType ?? (parameter === undefined ? undefined : structOf(parameter.typeName));
  if (argument.resolve !== '') {
    if (struct === undefined)
      throw new PlanError(
        argument.at,
        `Cannot resolve "${argument.resolve}": the type of argument ${argument.index} is not known to be a struct`,
        'Name it with btfType.',
      );
    return resolved(argument, struct, place, facts, typesOf(argument, signature, facts));
  }
  const type = argument.type === 'auto' ? autoOf(argument, parameter) : argument.type;
  checkWidth(argument, type, parameter);
  return finish(argument, type, place, facts);
}

/** Where a struct is looked for. */
function typesOf(argument: Argument, signature: Signature, facts: KernelFacts): OtherTypes {
  const { btfTypeModule } = argument;
  if (btfTypeModule === undefined) return ('types' in signature ? signature.types : undefined) ?? facts;
  try {
    return facts.moduleTypes(btfTypeModule);
  } catch (error) {
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
  { args, types }: Extract<Signature, { kind: 'usdt' }>,
  facts: KernelFacts,
): ValuePlan {
  const found = usdtArgument(argument, args);
  if (argument.sizeArgument !== undefined)
    throw new PlanError(
      argument.at,
      'Cannot use sizeArgIndex in a USDT probe: this version does not serve it',
    );
  if (argument.resolve !== '')
    return resolved(
      argument,
      argument.btfType ?? '',
      usdtPlace(argument, args, true, facts),
      facts,
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
  if (!isNumber) return finish(argument, type, place, facts);
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
        argument.at,
        `Cannot use argument ${index}: the function has ${signature.parameters.length} (${namesOf(signature.parameters)})`,
      );
    if (index >= REGISTER_ARGUMENTS)
      throw new PlanError(
        argument.at,
        `Cannot use argument ${index}: only those from 0 to ${REGISTER_ARGUMENTS - 1} are in registers`,
      );
    return parameter;
  }
  if (index >= SYSCALL_ARGUMENTS)
    throw new PlanError(
      argument.at,
      `Cannot use argument ${index}: ${signature.kind === 'syscall' ? 'a system call has' : 'registers hold'} at most ${SYSCALL_ARGUMENTS}, from 0`,
    );
  return undefined;
}

function namesOf(parameters: readonly BtfParameter[]): string {
  return parameters.map(({ name, typeName }) => `${typeName} ${name}`).join(', ') || 'none';
}

function autoOf(argument: Argument, parameter: BtfParameter | undefined): ArgumentType {
  const type =
    parameter === undefined ? undefined : autoType(parameter.typeName, parameter.kind, parameter.size);
  if (type !== undefined) return type;
  const what =
    parameter === undefined ? 'the kernel does not tell its type' : `its type is "${parameter.typeName}"`;
  throw new PlanError(
    argument.at,
    `Cannot choose a type for argument ${argument.index}: ${what}`,
    'Name the type.',
  );
}

/** A number where the kernel has a pointer is allowed (the address); an object where it has a number is not. */
function checkWidth(argument: Argument, type: ArgumentType, parameter: BtfParameter | undefined): void {
  const facts = typeFacts(type);
  if (parameter === undefined || facts === undefined || facts.form === 'number' || type === 'fd') return;
  if (parameter.kind === 'pointer' || parameter.kind === 'array' || parameter.size === 8) return;
  throw new PlanError(
    argument.at,
    `Cannot read argument ${argument.index} as "${argument.spelling}": it is "${parameter.typeName} ${parameter.name}"`,
  );
}

/** A path through members, from a pointer to `struct`. */
function resolved(
  argument: Argument,
  struct: string,
  place: Partial<ValuePlan> & Pick<ValuePlan, 'source'>,
  facts: KernelFacts,
  types: OtherTypes = facts,
): ValuePlan {
  let end: ResolvedPath;
  try {
    end = types.resolvePath(struct, argument.resolve);
  } catch (error) {
    throw new PlanError(
      argument.at,
      `Cannot resolve "${argument.resolve}" from "struct ${struct}": ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  const type = argument.type === 'auto' ? autoType(end.typeName, end.kind, end.size) : argument.type;
  if (type === undefined)
    throw new PlanError(
      argument.at,
      `Cannot choose a type for "${argument.resolve}": it is "${end.typeName}"`,
      'Name the type.',
    );
  const isNumber = typeFacts(type)?.form === 'number' || type === 'fd';
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
): ValuePlan {
  const known = typeFacts(type);
  if (known === undefined)
    throw new PlanError(
      argument.at,
      `Cannot read a value of type "${argument.spelling}": this version does not serve it`,
    );
  if (argument.maxData || argument.returnCopy)
    if (argument.maxData)
      throw new PlanError(
        argument.at,
        'Cannot send more than 4,096 bytes of a buffer: this version does not serve maxData',
      );
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
      argument.at,
      `Cannot resolve "${argument.resolve}": it follows ${path.length} pointers and members, at most ${HookLimit.HOOK_STEPS_MAX} fit`,
    );
  return makeValue(type, known, {
    ...place,
    ...(path.length > 0 && { path }),
    sizeArgument: argument.sizeArgument === undefined ? 0 : argument.sizeArgument + 1,
  });
}

/** An argument of a classic tracepoint is a field of its record. */
function fieldValue(argument: Argument, fields: readonly TracepointField[]): ValuePlan {
  const field = fields[argument.index];
  if (field === undefined)
    throw new PlanError(
      argument.at,
      `Cannot use field ${argument.index}: the record has ${fields.map(({ name }, index) => `${index} ${name}`).join(', ')}`,
    );
  if (argument.resolve !== '')
    throw new PlanError(
      argument.at,
      'Cannot resolve a path in a field of a tracepoint',
      'Use a raw tracepoint (raw: true).',
    );
  const type = argument.type === 'auto' ? fieldType(field) : argument.type;
  const known = type === undefined ? undefined : typeFacts(type);
  if (type === undefined || known === undefined)
    throw new PlanError(
      argument.at,
      `Cannot read field "${field.name}" (${field.declaration}) as "${argument.spelling}"`,
    );
  const isEmbedded = field.declaration.endsWith(']') && !field.declaration.startsWith('__data_loc');
  return makeValue(type, known, {
    source:
      isEmbedded && known.form !== 'number' ? ValueSource.SOURCE_FIELD_ADDRESS : ValueSource.SOURCE_FIELD,
    field: field.offset,
    bytes: Math.min(field.size, 8),
    ...(isEmbedded && { maxLength: field.size }),
  });
}

function fieldType(field: TracepointField): ArgumentType | undefined {
  if (field.declaration.startsWith('__data_loc')) return 'data_loc';
  if (/^(const )?char ?\[/.test(field.declaration)) return 'string';
  if (field.declaration.endsWith(']')) return 'const_buf';
  if (/\bchar ?\*$/.test(field.declaration)) return 'string';
  return autoType(field.declaration, field.declaration.endsWith('*') ? 'pointer' : 'int', field.size);
}

function typeOfRegister({ type }: Argument): ArgumentType {
  return type === 'auto' ? 'uint64' : type;
}

function describe(signature: Signature): string {
  return signature.kind === 'record' ? 'a tracepoint' : 'this hook';
}
