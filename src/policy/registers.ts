// SPDX-License-Identifier: Apache-2.0
import { parseInteger } from './integer.ts';

const WORDS = ['ax', 'bx', 'cx', 'dx'];
const POINTERS = ['si', 'di', 'bp', 'sp'];
const X86 = new Set([
  ...['rip', 'eip'],
  ...WORDS.flatMap((name) => [`r${name}`, `e${name}`, name, name.replace('x', 'l')]),
  ...POINTERS.flatMap((name) => [`r${name}`, `e${name}`, name, `${name}l`]),
  ...Array.from({ length: 8 }, (_, n) => ['', 'd', 'w', 'b'].map((size) => `r${n + 8}${size}`)).flat(),
]);
const ARM = /^([xw]([0-9]|[12][0-9]|30)|sp|pc)$/;

/** Whether a name is that of a register in pt_regs, on x86_64 or arm64; the plan knows on which the agent runs. */
export function isRegister(name: string): boolean {
  return X86.has(name) || ARM.test(name);
}

/**
 * Whether a text assigns to a register:
 *
 *     rax=11        a constant             rip=8%rsp      a register plus an offset
 *     rbp=%rsp      a register             rip=8(%rsp)    what stands at a register plus an offset
 */
export function isAssignment(text: string): boolean {
  const [, target, offset = '', register] =
    /^\s*(\w+)\s*=\s*([-+\w]*)\s*(?:%(\w+))?\s*$/.exec(withoutParentheses(text)) ?? [];
  if (target === undefined || !isRegister(target)) return false;
  if (offset !== '' && parseInteger(offset) === undefined) return false;
  return register === undefined ? offset !== '' : isRegister(register);
}

/** `8(%rsp)` as `8%rsp`: both name a register and an offset. */
function withoutParentheses(text: string): string {
  return text.replace(/\(\s*(%\w+)\s*\)/, '$1');
}
