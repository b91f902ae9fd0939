// SPDX-License-Identifier: Apache-2.0
/** Runs the steps of expressions as bpf/lib/match_cel.h does, for tests that have no kernel. */
import { CelOperand, CelStep, CelStepKind, CelStepType, HookLimit } from '../events/gen/layouts.ts';
import type { Dimension } from './dimension-plan.ts';
import { RuleMask } from './rule-mask.ts';

/** What is left of the rules, by the numbers of the program's values; undefined: one that could not be read. */
export function runCel(
  { table, output, onError }: Dimension,
  values: readonly (bigint | undefined)[],
  rules: RuleMask,
): RuleMask {
  const steps = new DataView(table.values.buffer, table.values.byteOffset, table.values.byteLength);
  const registers = new BigUint64Array(HookLimit.HOOK_CEL_REGISTERS);
  const unknown = new Set<number>();
  values.forEach((value, entry) => {
    if (value === undefined) unknown.add(entry);
    else registers[entry] = BigInt.asUintN(64, value);
  });
  const left = rules.clone();
  const wanting = (step: number): RuleMask => {
    const width = output?.valueBytes ?? 0;
    const at = width * Number(steps.getBigUint64(step + CelStep.constant, true));
    return new RuleMask(
      new BigUint64Array((output?.values.slice(at, at + width) ?? new Uint8Array(0)).buffer),
    );
  };
  for (let step = 0; step < table.values.length; step += CelStep.sizeof) {
    const operand = (at: number): [bigint, boolean] => {
      const register = steps.getUint8(step + at);
      return register === CelOperand.CEL_CONSTANT
        ? [steps.getBigUint64(step + CelStep.constant, true), false]
        : [registers[register] ?? 0n, unknown.has(register)];
    };
    const kind = steps.getUint8(step + CelStep.kind);
    if (kind === CelStepKind.CEL_BEGIN) {
      const wanted = wanting(step).words.some((word, w) => (word & (left.words[w] ?? 0n)) !== 0n);
      if (!wanted) step += CelStep.sizeof * steps.getUint16(step + CelStep.skip, true);
      continue;
    }
    const [a, isAUnknown] = operand(CelStep.left);
    if (kind === CelStepKind.CEL_DECIDE) {
      if (a !== 0n && !isAUnknown) continue;
      wanting(step).words.forEach((word, w) => {
        const kept = isAUnknown ? (onError.words[w] ?? 0n) : 0n;
        left.words[w] = (left.words[w] ?? 0n) & (~word | kept);
      });
      continue;
    }
    const [b, isBUnknown] = operand(CelStep.right);
    const type = steps.getUint8(step + CelStep.type);
    const target = steps.getUint8(step + CelStep.target);
    const result = cut(type, compute(kind, type, a, b));
    const isDecided =
      (kind === CelStepKind.CEL_BOTH && ((a === 0n && !isAUnknown) || (b === 0n && !isBUnknown))) ||
      (kind === CelStepKind.CEL_EITHER && result !== 0n);
    const isUnknown = (isAUnknown || isBUnknown) && !isDecided;
    registers[target] = isUnknown ? 0n : result;
    if (isUnknown) unknown.add(target);
    else unknown.delete(target);
  }
  return left;
}

function cut(type: number, word: bigint): bigint {
  if (type === CelStepType.CEL_TYPE_INT32) return BigInt.asUintN(64, BigInt.asIntN(32, word));
  return BigInt.asUintN(type === CelStepType.CEL_TYPE_UINT32 ? 32 : 64, word);
}

function compute(kind: number, type: number, left: bigint, right: bigint): bigint {
  const signed = type === CelStepType.CEL_TYPE_INT || type === CelStepType.CEL_TYPE_INT32;
  const isLess = (a: bigint, b: bigint): boolean =>
    signed ? BigInt.asIntN(64, a) < BigInt.asIntN(64, b) : a < b;
  switch (kind) {
    case CelStepKind.CEL_ADD:
      return left + right;
    case CelStepKind.CEL_SUBTRACT:
      return left - right;
    case CelStepKind.CEL_AND:
    case CelStepKind.CEL_BOTH:
      return left & right;
    case CelStepKind.CEL_OR:
    case CelStepKind.CEL_EITHER:
      return left | right;
    case CelStepKind.CEL_XOR:
      return left ^ right;
    case CelStepKind.CEL_EQUAL:
      return BigInt(left === right);
    case CelStepKind.CEL_NOT_EQUAL:
      return BigInt(left !== right);
    case CelStepKind.CEL_LESS:
      return BigInt(isLess(left, right));
    case CelStepKind.CEL_LESS_OR_EQUAL:
      return BigInt(!isLess(right, left));
    default:
      throw new RangeError(`No step ${kind}`);
  }
}
