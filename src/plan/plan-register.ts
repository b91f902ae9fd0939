// SPDX-License-Identifier: Apache-2.0
import { ValueSource } from '../events/gen/layouts.ts';
import type { Argument } from '../policy/model.ts';
import type { KernelFacts } from './kernel-facts.ts';
import { PlanError } from './plan-problem.ts';
import type { ValuePlan } from './value-plan.ts';

/** A register as the kernel keeps it: a member of struct pt_regs, and which part of it the name means. */
export interface RegisterPlace {
  readonly offset: number;
  readonly bytes: number;
  /** of %ah and its like; 0 otherwise */
  readonly bitShift: number;
}

/** `rdi`, `edi`, `di`, `dil`; `r8`, `r8d`, `r8w`, `r8b`; `x0`, `w0`. Undefined when this architecture has none of that name. */
export function findRegister(name: string, facts: KernelFacts): RegisterPlace | undefined {
  const part = partOf(name);
  if (part === undefined) return undefined;
  const { member, index = 0, ...rest } = part;
  try {
    const [step] = facts.resolvePath('pt_regs', member).steps;
    return step === undefined ? undefined : { ...rest, offset: step.offset + 8 * index };
  } catch {
    return undefined;
  }
}

interface RegisterPart extends Omit<RegisterPlace, 'offset'> {
  readonly member: string;
  /** in arm64's array of registers */
  readonly index?: number;
}

const SUFFIX_BYTES: Readonly<Record<string, number>> = { '': 8, d: 4, w: 2, b: 1 };

function partOf(name: string): RegisterPart | undefined {
  const [, arm = '', number = ''] = /^([xw])([12]?\d|30)$/.exec(name) ?? [];
  if (arm !== '') return { member: 'regs', index: Number(number), bytes: arm === 'x' ? 8 : 4, bitShift: 0 };
  if (name === 'pc') return { member: 'pc', bytes: 8, bitShift: 0 };
  const [, numbered, suffix = ''] = /^(r(?:[89]|1[0-5]))([dwb]?)$/.exec(name) ?? [];
  if (numbered !== undefined) return { member: numbered, bytes: SUFFIX_BYTES[suffix] ?? 8, bitShift: 0 };
  const [, wide = '', member] = /^([re]?)([abcd]x|[sd]i|[bs]p|ip)$/.exec(name) ?? [];
  // arm64's only name of the stack pointer is that of 16 bits on x86, where nothing needs those.
  if (name === 'sp') return { member: 'sp', bytes: 8, bitShift: 0 };
  if (member !== undefined) return { member, bytes: wide === 'r' ? 8 : wide === 'e' ? 4 : 2, bitShift: 0 };
  const [, low, high] = /^(?:([abcd]|[sd]i|[bs]p)l|([abcd])h)$/.exec(name) ?? [];
  if (high !== undefined) return { member: `${high}x`, bytes: 1, bitShift: 8 };
  if (low !== undefined) return { member: low.length === 1 ? `${low}x` : low, bytes: 1, bitShift: 0 };
  return undefined;
}

/** Where a value of `source: pt_regs` is found. Throws a PlanError for a register that this architecture does not have. */
export function registerValue(
  argument: Argument,
  facts: KernelFacts,
): Partial<ValuePlan> & Pick<ValuePlan, 'source'> {
  const register = findRegister(argument.resolve, facts);
  if (register === undefined)
    throw new PlanError(
      argument.at,
      `Cannot read register "${argument.resolve}": this architecture has none of that name`,
    );
  return {
    source: ValueSource.SOURCE_REGISTERS,
    field: register.offset,
    ...(register.bytes < 8 && { bitShift: register.bitShift, bitWidth: register.bytes * 8 }),
  };
}
