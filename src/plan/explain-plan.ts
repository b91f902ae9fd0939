// SPDX-License-Identifier: Apache-2.0
import { DimensionInput, DimensionKind } from '../events/gen/layouts.ts';
import type { AttachTarget } from './attach-target.ts';
import type { Dimension } from './dimension-plan.ts';
import type { InstancePlan } from './instance-plan.ts';
import type { AttachFacts } from './kernel-facts.ts';

/** Why a hook is attached in this way and no other, as the end of a sentence. */
export function reasonFor({ by, use }: AttachTarget, { trampoline }: AttachFacts): string {
  if (use === 'loader') return 'spec.loader: how this kernel shows what is mapped';
  switch (by) {
    case 'fentry':
      return 'the kernel has trampolines, the cheapest way';
    case 'fexit':
      return 'what the function returns is wanted, and the kernel has trampolines';
    case 'kprobe':
      return trampoline ? 'no trampoline fits' : 'the kernel has kprobes and no trampolines';
    case 'sys_enter':
      return 'a system call, and the kernel has neither trampolines nor kprobes for it';
    case 'sys_exit':
      return 'what a system call returns is wanted, and the kernel has no trampoline for it';
    case 'follow':
      return 'followChildren and followForks: what each execve meets';
    default:
      return 'the policy names it';
  }
}

const KINDS: Readonly<Record<number, string>> = {
  [DimensionKind.DIMENSION_NUMBER]: 'numbers',
  [DimensionKind.DIMENSION_RANGE]: 'ranges',
  [DimensionKind.DIMENSION_BITS]: 'bits',
  [DimensionKind.DIMENSION_STRING]: 'strings',
  [DimensionKind.DIMENSION_PREFIX]: 'prefixes',
  [DimensionKind.DIMENSION_POSTFIX]: 'postfixes',
  [DimensionKind.DIMENSION_SUBSTRING]: 'substrings',
  [DimensionKind.DIMENSION_ADDRESS]: 'addresses',
};

/** How a dimension accepts what: `prefixes of string 0`, `strings of binary`. */
export function dimensionText({ kind, at }: Dimension, { values }: InstancePlan): string {
  return `${KINDS[kind] ?? 'conditions'} of ${inputText(at, values)}`;
}

function inputText({ input, entry }: Dimension['at'], values: InstancePlan['values']): string {
  const value = `value ${entry} (${values[entry]?.shown.type ?? 'unknown'})`;
  if (input === DimensionInput.INPUT_VALUE) return value;
  const name = Object.entries(DimensionInput).find(([, number]) => number === input)?.[0] ?? '';
  const words = name
    .replace(/^INPUT_/, '')
    .toLowerCase()
    .replaceAll('_', ' ');
  const ofValue = input >= DimensionInput.INPUT_SOURCE_PORT && input <= DimensionInput.INPUT_CAPS_GAINED;
  return ofValue ? `${words} of ${value}` : words;
}
