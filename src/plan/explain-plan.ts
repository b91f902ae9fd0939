// SPDX-License-Identifier: Apache-2.0
import { DimensionInput, DimensionKind } from '../events/gen/layouts.ts';
import type { AttachTarget } from './attach-target.ts';
import type { Dimension } from './dimension-plan.ts';
import { remarkOn, whyKprobe } from './function-target.ts';
import type { InstancePlan } from './instance-plan.ts';
import type { KernelFacts } from './kernel-facts.ts';

/** Why a hook is attached in this way and no other, as the end of a sentence. */
export function reasonFor(target: AttachTarget, facts: Pick<KernelFacts, 'attach' | 'refusals'>): string {
  if (target.use === 'loader') return 'spec.loader: how this kernel shows what is mapped';
  switch (target.by) {
    case 'fentry':
      return 'the kernel has trampolines, the cheapest way';
    case 'fexit':
      return 'what the function returns is wanted, and the kernel has trampolines';
    case 'kprobe':
    case 'kretprobe':
      return whyKprobe(target, facts) ?? 'the policy names it';
    case 'fmod_ret':
      return remarkOn(target, facts) ?? '';
    case 'kprobe_multi':
    case 'syscalls_enter':
    case 'syscalls_exit':
      return 'a long list shares one program';
    case 'sys_enter':
    case 'sys_exit':
      return 'a system call that no cheaper way of this kernel serves';
    case 'lsm_ima':
      return 'it asks for the hash of the file before the other program of the hook sends it';
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
  // Each names its own values.
  if (kind === DimensionKind.DIMENSION_CEL) return 'expressions';
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
