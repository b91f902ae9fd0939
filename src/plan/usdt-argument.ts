// SPDX-License-Identifier: Apache-2.0
import { ValueSource } from '../events/gen/layouts.ts';
import type { Argument } from '../policy/model.ts';
import type { KernelFacts } from './kernel-facts.ts';
import { PlanError } from './plan-problem.ts';
import { findRegister } from './plan-register.ts';
import type { ValuePlan } from './value-plan.ts';

/** Where one argument of a USDT probe is: what the assembler was told of an operand. */
export interface UsdtArgument {
  /** as the note has it, such as `-4@%edi` */
  readonly spelling: string;
  readonly bytes: number;
  readonly signed: boolean;
  /** undefined for a form that cannot be read */
  readonly operand:
    | { readonly kind: 'constant'; readonly value: bigint }
    | { readonly kind: 'register'; readonly name: string }
    /** what stands in memory at a register plus an offset */
    | { readonly kind: 'memory'; readonly name: string; readonly offset: number }
    | undefined;
}

/**
 * Arguments of a .stapsdt note: `SIZE@OPERAND`, separated by spaces, a negative size for a signed one. x86_64:
 *
 *     4@$5   -4@%edi   8@-8(%rbp)   8@(%rax)
 *
 * arm64: `4@5`, `-4@x0`, `8@[sp, 12]`.
 */
export function parseUsdtArguments(text: string): UsdtArgument[] {
  return [...text.matchAll(/(-?)(\d+)(f?)@(\[[^\]]*\]|\S+)/g)].map(
    ([spelling, minus, size, float, operand = '']) => {
      const bytes = Number(size);
      const isReadable = float === '' && [1, 2, 4, 8].includes(bytes);
      return {
        spelling,
        bytes,
        signed: minus === '-',
        operand: isReadable ? parseOperand(operand) : undefined,
      };
    },
  );
}

function parseOperand(text: string): UsdtArgument['operand'] {
  const constant = /^\$?(-?)(0x[0-9a-f]+|\d+)$/i.exec(text);
  if (constant !== null) {
    const value = BigInt(constant[2] ?? '0');
    return { kind: 'constant', value: constant[1] === '-' ? -value : value };
  }
  const register = /^%?([a-z]\w*)$/.exec(text);
  if (register !== null) return { kind: 'register', name: register[1] ?? '' };
  const memory =
    /^(-?(?:0x[0-9a-f]+|\d+))?\(%(\w+)\)$/i.exec(text) ?? /^\[()(\w+)(?:, *#?(-?\d+))?\]$/.exec(text);
  if (memory === null) return undefined;
  const offset = toNumber(memory[3] ?? memory[1]);
  // What a step of a path can hold.
  if (Math.abs(offset) >= 2 ** 30) return undefined;
  return { kind: 'memory', name: memory[2] ?? '', offset };
}

function toNumber(text: string | undefined): number {
  if (text === undefined || text === '') return 0;
  return text.startsWith('-') ? -Number(text.slice(1)) : Number(text);
}

export function usdtArgument(argument: Argument, args: readonly UsdtArgument[]): UsdtArgument {
  const found = args[argument.index];
  if (found === undefined)
    throw new PlanError(
      argument.at,
      `Cannot use argument ${argument.index}: the probe has ${args.length} (${args.map(({ spelling }) => spelling).join(' ') || 'none'})`,
    );
  return found;
}

/**
 * Where the kernel side finds an argument. A number is read where it stands; for what a pointer leads to, the pointer is
 * loaded from there. Throws a PlanError for an operand that cannot be read.
 */
export function usdtPlace(
  argument: Argument,
  args: readonly UsdtArgument[],
  isPointer: boolean,
  facts: KernelFacts,
): Partial<ValuePlan> & Pick<ValuePlan, 'source'> {
  const { operand, spelling, bytes } = usdtArgument(argument, args);
  const refuse = (why: string): never => {
    throw new PlanError(argument.at, `Cannot read argument ${argument.index} (${spelling}): ${why}`);
  };
  if (operand === undefined) return refuse('operands of this form are not served');
  if (operand.kind === 'constant') {
    const { value } = operand;
    if (value < -(2n ** 31n) || value >= 2n ** 32n)
      return refuse('constants of more than 32 bits are not served');
    // With a sign its beginning is filled up from 32 bits, by usdtBytes().
    return { source: ValueSource.SOURCE_CONSTANT, field: Number(BigInt.asUintN(32, value)) };
  }
  const register = findRegister(operand.name, facts);
  if (register === undefined) return refuse(`this architecture has no register "${operand.name}"`);
  const place = { source: ValueSource.SOURCE_REGISTERS, field: register.offset };
  if (operand.kind === 'memory') return { ...place, path: [{ offset: operand.offset, follow: isPointer }] };
  if (register.bytes * 8 < bytes * 8) return refuse('the register is smaller than the argument');
  return { ...place, ...(register.bitShift > 0 && { bitShift: register.bitShift, bitWidth: 8 }) };
}

/** How a number of the policy's type is cut out of the argument: as wide as both are, extended as the argument says. */
export function usdtNumber(
  argument: UsdtArgument,
  type: { readonly bytes: number; readonly signed: boolean },
): { bytes: number; signed: boolean } {
  const bytes = argument.operand?.kind === 'constant' ? Math.min(argument.bytes, 4) : argument.bytes;
  if (type.bytes <= bytes) return { bytes: type.bytes, signed: type.signed };
  const signed = argument.operand?.kind === 'constant' ? argument.operand.value < 0n : argument.signed;
  return { bytes, signed };
}
