// SPDX-License-Identifier: Apache-2.0
/** What Override of a uprobe and Set of a USDT probe write into the program that passes. */
import { UserWriteLimit } from '../events/gen/layouts.ts';
import { parseInteger } from '../policy/integer.ts';
import type { Action, Argument } from '../policy/model.ts';
import type { UserTarget } from './attach-target.ts';
import type { KernelFacts } from './kernel-facts.ts';
import { PlanError } from './plan-problem.ts';
import { findRegister, type RegisterPlace } from './plan-register.ts';
import { type UsdtArgument, usdtArgument } from './usdt-argument.ts';

/** As struct user_write; registers by their byte offset in struct pt_regs. */
export interface UserWrite {
  readonly target: 'register' | 'memory';
  /** what is written: `value`, the register `from` plus it, or what stands in memory there */
  readonly source: 'constant' | 'sum' | 'loaded';
  readonly bytes: number;
  readonly to: number;
  readonly from: number;
  /** of memory, from the register `to` */
  readonly offset: bigint;
  readonly value: bigint;
}

/** Writes, and whether the hooked function is left without having run. */
export interface UserWrites {
  readonly writes: readonly UserWrite[];
  readonly leaves: boolean;
}

type Override = Extract<Action, { kind: 'Override' }>;

const X86_RETURN = ['rax=ERROR', 'rip=0(%rsp)', 'rsp=8%rsp'];
const ARM_RETURN = ['x0=ERROR', 'pc=0%x30'];

/** What Override has a function of a program go on with. Throws a PlanError with what this machine cannot do. */
export function overrideWrites(action: Override, target: UserTarget, facts: KernelFacts): UserWrites {
  const { error, registers, at } = action;
  const pointer = facts.syscallAbis[0] === 'arm64' ? 'pc' : 'rip';
  const moved = newPlace(action, target, facts);
  const returning = pointer === 'pc' ? ARM_RETURN : X86_RETURN;
  const assignments = [
    ...registers,
    ...(error === undefined ? [] : returning.map((text) => text.replace('ERROR', String(error)))),
    ...(moved === undefined ? [] : [`${pointer}=${moved - target.offset}%${pointer}`]),
  ];
  if (assignments.length > UserWriteLimit.USER_WRITES_MAX)
    throw new PlanError(
      at,
      `Cannot assign to ${assignments.length} registers: expected at most ${UserWriteLimit.USER_WRITES_MAX}`,
    );
  return {
    writes: assignments.map((text) => parseAssignment(text, at, facts)),
    leaves: assignments.some((text) => /^\s*(rip|eip|pc)\s*=/.test(text)),
  };
}

/** Where in the file the program goes on; undefined when it goes on where it is. */
function newPlace(
  { newSymbol, newAddress, newOffset, at }: Override,
  { path }: UserTarget,
  facts: KernelFacts,
): number | undefined {
  if (newSymbol === undefined && newAddress === undefined && newOffset === undefined) return undefined;
  const file = facts.userFile(path);
  const named = newSymbol === undefined ? undefined : file.symbol(newSymbol);
  if (newSymbol !== undefined && named === undefined)
    throw new PlanError(at, `Cannot go on in "${newSymbol}": "${path}" has no function of that name`);
  const address = named ?? (newAddress === undefined ? undefined : Number(newAddress));
  const offset = address === undefined ? Number(newOffset) : file.fileOffset(address);
  if (offset === undefined || !file.isMapped(offset))
    throw new PlanError(
      at,
      `Cannot go on at 0x${(address ?? offset ?? 0).toString(16)} of "${path}": nothing of the file runs from there`,
    );
  return offset;
}

/** `rax=11`, `rbp=%rsp`, `rip=8%rsp`, `rip=8(%rsp)` (src/policy/registers.ts). */
function parseAssignment(text: string, at: Override['at'], facts: KernelFacts): UserWrite {
  const [, target = '', constant = '', open = '', source] =
    /^\s*(\w+)\s*=\s*([-+\w]*)\s*(\(?)\s*(?:%(\w+))?\s*\)?\s*$/.exec(text) ?? [];
  const to = register(target, at, facts);
  const from = source === undefined ? undefined : register(source, at, facts);
  return {
    ...{ target: 'register', bytes: to.bytes, to: to.offset, from: from?.offset ?? 0, offset: 0n },
    source: from === undefined ? 'constant' : open === '' ? 'sum' : 'loaded',
    value: constant === '' ? 0n : (parseInteger(constant) ?? 0n),
  };
}

function register(name: string, at: Override['at'], facts: KernelFacts): RegisterPlace {
  const found = findRegister(name, facts);
  if (found !== undefined && found.bitShift === 0) return found;
  throw new PlanError(at, `Cannot use register "${name}": this architecture has none of that name`);
}

/** What Set writes. Throws a PlanError for an argument that is not in memory. */
export function setWrite(
  { value, at }: Extract<Action, { kind: 'Set' }>,
  argument: Argument,
  args: readonly UsdtArgument[],
  facts: KernelFacts,
): UserWrite {
  const { operand, bytes, spelling } = usdtArgument(argument, args);
  const base = operand?.kind === 'memory' ? findRegister(operand.name, facts) : undefined;
  if (operand?.kind !== 'memory' || base === undefined)
    throw new PlanError(
      at,
      `Cannot set argument ${argument.index} (${spelling}): only one that is in memory can be written`,
      'Choose an argument whose note is such as "-4@8(%rbp)" (readelf -n shows it).',
    );
  return {
    ...{ target: 'memory', source: 'constant', bytes, to: base.offset, from: 0 },
    ...{ offset: BigInt(operand.offset), value: BigInt(value) },
  };
}
