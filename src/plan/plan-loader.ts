// SPDX-License-Identifier: Apache-2.0
/**
 * spec.loader: where the kernel maps files so that they can run. Tetragon reads the perf events of mappings, for which it
 * needs a kprobe; here these, from the best on:
 *
 *     fexit     security_mmap_file, when it has allowed: every mapping, also those of execve (the binary, its interpreter)
 *     kprobe    the same function at its entry, with mappings that are then refused
 *     otherwise sys_exit of mmap, when it succeeded, and sched_process_exec for the binary: the interpreter, which execve maps
 *               and which is the same for nearly all, is not seen
 *
 * Not seen either: a mapping that mprotect() makes runnable later. The build id is read in user space (enrich/build-ids.ts).
 */
import { DimensionInput, ValueSource } from '../events/gen/layouts.ts';
import type { SourcePosition } from '../base/source-position.ts';
import type { AttachTarget } from './attach-target.ts';
import type { Condition } from './condition.ts';
import type { KernelFacts } from './kernel-facts.ts';
import { PlanError } from './plan-problem.ts';
import type { PlannedTarget } from './plan-target.ts';
import { makeValue, typeFacts, type ValuePlan } from './value-plan.ts';

/** One hook that sees mappings: its first value is the path. */
export interface LoaderHook {
  readonly target: PlannedTarget;
  readonly values: readonly ValuePlan[];
  readonly conditions: readonly Condition[];
}

const MAPPING = 'security_mmap_file';
/** include/uapi/asm-generic/mman-common.h */
const PROT_EXEC = 4n;
const MAP_ANONYMOUS = 0x20n;

/** Throws a PlanError when this kernel shows no mappings. */
export function planLoader(at: SourcePosition, facts: KernelFacts): LoaderHook[] {
  const { trampoline, kprobe } = facts.attach;
  if ((trampoline || kprobe) && facts.findFunction(MAPPING) !== undefined)
    return [functionHook(trampoline ? 'fexit' : 'kprobe')];
  const [own] = facts.syscallAbis;
  const syscall = own === undefined ? undefined : facts.syscallNumber('mmap', own);
  if (syscall === undefined || facts.rawTracepoint('sched_process_exec') === undefined)
    throw new PlanError(at, 'Cannot serve spec.loader: this kernel shows no program what it maps');
  return [syscallHook(syscall), execHook()];
}

/** (struct file *file, unsigned long prot, unsigned long flags) */
function functionHook(by: 'fexit' | 'kprobe'): LoaderHook {
  const allowed: Condition[] = by === 'fexit' ? [isNumber(3, [0n])] : [];
  return {
    target: targetOf(
      { by, functionName: MAPPING, use: 'loader' },
      { argumentCount: 3, atReturn: by === 'fexit' },
    ),
    values: [
      argument('file', 0),
      argument('uint64', 1),
      // Whether there is a file at all.
      argument('uint64', 0),
      ...(by === 'fexit' ? [returned('int')] : []),
    ],
    conditions: [hasBits(1, PROT_EXEC), { ...isNumber(2, [0n]), negated: true }, ...allowed],
  };
}

/** (addr, length, prot, flags, fd, offset); an address that is negative is an error. */
function syscallHook(syscall: number): LoaderHook {
  return {
    target: targetOf(
      { by: 'sys_exit', syscall, use: 'loader' },
      { argumentCount: 2, atReturn: true, syscallRegisters: true },
    ),
    values: [argument('fd', 4), argument('uint64', 2), argument('uint64', 3), returned('long')],
    conditions: [
      hasBits(1, PROT_EXEC),
      { ...hasBits(2, MAP_ANONYMOUS), negated: true },
      {
        at: { input: DimensionInput.INPUT_VALUE, entry: 3, other: 0 },
        accepted: { class: 'ranges', ranges: [{ from: 0n, to: 2n ** 63n - 1n }], signed: true },
        negated: false,
      },
    ],
  };
}

/** (struct task_struct *p, pid_t old_pid, struct linux_binprm *bprm) */
function execHook(): LoaderHook {
  return {
    target: targetOf(
      { by: 'raw_tracepoint', event: 'sched_process_exec', use: 'loader' },
      { argumentCount: 3 },
    ),
    values: [argument('linux_binprm', 2)],
    conditions: [],
  };
}

function targetOf(
  attach: AttachTarget,
  facts: Pick<PlannedTarget, 'argumentCount'> & Partial<PlannedTarget>,
): PlannedTarget {
  return {
    ...{ attach, shown: { kind: 'loader' }, signature: { kind: 'syscall' } },
    ...{ syscallRegisters: false, atReturn: false },
    ...facts,
  };
}

function argument(type: Parameters<typeof typeFacts>[0], index: number): ValuePlan {
  return valueOf(type, { source: ValueSource.SOURCE_ARGUMENT, index });
}

function returned(type: 'int' | 'long'): ValuePlan {
  return valueOf(type, { source: ValueSource.SOURCE_RETURN });
}

function valueOf(type: Parameters<typeof typeFacts>[0], place: Parameters<typeof makeValue>[2]): ValuePlan {
  const known = typeFacts(type);
  if (known === undefined) throw new RangeError(`No reader for ${type}`);
  return makeValue(type, known, place);
}

function isNumber(entry: number, values: readonly bigint[]): Condition {
  return {
    at: { input: DimensionInput.INPUT_VALUE, entry, other: 0 },
    accepted: { class: 'numbers', values },
    negated: false,
  };
}

function hasBits(entry: number, mask: bigint): Condition {
  return {
    at: { input: DimensionInput.INPUT_VALUE, entry, other: 0 },
    accepted: { class: 'bits', mask },
    negated: false,
  };
}
