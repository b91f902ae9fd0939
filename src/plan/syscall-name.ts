// SPDX-License-Identifier: Apache-2.0
import { nearestName } from '../base/nearest-name.ts';
import type { SourcePosition } from '../base/source-position.ts';
import { X86_64_SYSCALLS } from './gen/syscalls.ts';
import type { KernelFacts } from './kernel-facts.ts';
import { PlanError } from './plan-problem.ts';

/** sys_openat, __x64_sys_openat and openat are one. */
export function bareSyscall(name: string): string {
  return name.replace(/^(?:__(?:x64|arm64|ia32|se|do)_)?(?:compat_)?sys_/, '');
}

/** The number of a system call in any of its spellings. Throws a PlanError when the architecture has none of that name. */
export function syscallNumber(name: string, at: SourcePosition, facts: KernelFacts): number {
  if (/^(i386|arm32)\//.test(name))
    throw new PlanError(
      at,
      `Cannot use system call "${name}": this version does not serve those of 32-bit programs`,
    );
  const bare = bareSyscall(name);
  const number = facts.syscallNumber(bare);
  if (number !== undefined) return number;
  if (facts.findFunction(name) !== undefined)
    throw new PlanError(
      at,
      `Cannot use system call "${name}": it is a function of the kernel and no system call`,
      'Add "syscall: false".',
    );
  const near = nearestName(bare, Object.keys(X86_64_SYSCALLS));
  throw new PlanError(
    at,
    `Cannot use system call "${name}": this architecture has none of that name`,
    near === undefined ? 'For a function of the kernel add "syscall: false".' : `Did you mean "sys_${near}"?`,
  );
}
