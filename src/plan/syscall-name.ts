// SPDX-License-Identifier: Apache-2.0
import { nearestName } from '../base/nearest-name.ts';
import type { SourcePosition } from '../base/source-position.ts';
import { HookLimit } from '../events/gen/layouts.ts';
import type { KernelFacts, SyscallAbi } from './kernel-facts.ts';
import { PlanError } from './plan-problem.ts';

/** A system call of this kernel. */
export interface Syscall {
  /** of its number in the ABI, one of 32-bit programs behind the others: as syscall_place() in bpf/lib/syscall.h */
  readonly place: number;
  /** the number as a value of type syscall64 has it */
  readonly id: bigint;
  /** how events call it */
  readonly functionName: string;
  readonly isCompat: boolean;
}

/** What Tetragon puts before `sys_`; those of arm32 programs run in the functions of arm64. */
const PREFIXES: Readonly<Record<SyscallAbi, string>> = {
  ...{ x64: '__x64_', i386: '__ia32_', arm64: '__arm64_', arm32: '__arm64_' },
};

/** Bit 31, as in value_load_number() of bpf/lib/value_bytes.h. */
const COMPAT_ID = 0x8000_0000n;

/** `i386/sys_read`, `__ia32_sys_read`, `sys_read`, `read` */
const SPELLING = /^(?:(x64|i386|arm64|arm32)\/)?(?:__(x64|arm64|ia32|se|do)_)?(?:compat_)?(?:sys_)?(\w+)$/;

/**
 * A system call in any of its spellings. Without an ABI it is the kernel's own. Throws a PlanError when the kernel has none
 * of that name.
 */
export function findSyscall(name: string, at: SourcePosition, facts: KernelFacts): Syscall {
  const [own] = facts.syscallAbis;
  const [, given, prefix, bare = name] = SPELLING.exec(name) ?? [];
  const abi = (given as SyscallAbi | undefined) ?? (prefix === 'ia32' ? 'i386' : own);
  if (abi === undefined || !facts.syscallAbis.includes(abi))
    throw new PlanError(
      at,
      `Cannot use system call "${name}": this kernel does not serve programs of ABI ${abi ?? 'unknown'}`,
      `It serves those of ${facts.syscallAbis.join(' and ')}.`,
    );
  const number = facts.syscallNumber(bare, abi);
  if (number !== undefined) return makeSyscall(bare, number, abi, abi !== own);
  if (facts.findFunction(name) !== undefined)
    throw new PlanError(
      at,
      `Cannot use system call "${name}": it is a function of the kernel and no system call`,
      'Add "syscall: false".',
    );
  const near = nearestName(bare, facts.syscallNames(abi));
  throw new PlanError(
    at,
    `Cannot use system call "${name}": ABI ${abi} has none of that name`,
    near === undefined
      ? 'For a function of the kernel add "syscall: false".'
      : `Did you mean "${given === undefined ? '' : `${given}/`}sys_${near}"?`,
  );
}

/** Whether a function's name is how the kernel's own function for a system call begins, and the rest is one's name. */
export function isSyscallFunction(name: string, facts: KernelFacts): boolean {
  const [own] = facts.syscallAbis;
  const [, , , bare = name] = SPELLING.exec(name) ?? [];
  return own !== undefined && bare !== name && facts.syscallNumber(bare, own) !== undefined;
}

/** What the functions of the kernel's own system calls begin with. */
export function syscallPrefix({ syscallAbis: [own = 'x64'] }: Pick<KernelFacts, 'syscallAbis'>): string {
  return `${PREFIXES[own]}sys_`;
}

function makeSyscall(bare: string, number: number, abi: SyscallAbi, isCompat: boolean): Syscall {
  return {
    place: isCompat ? number + HookLimit.HOOK_SYSCALLS_MAX : number,
    id: BigInt(number) | (isCompat ? COMPAT_ID : 0n),
    functionName: `${PREFIXES[abi]}sys_${bare}`,
    isCompat,
  };
}
