// SPDX-License-Identifier: Apache-2.0
import { PlanError } from '../../src/plan/plan-problem.ts';
import { planTargets } from '../../src/plan/plan-target.ts';
import type { AttachFacts } from '../../src/plan/kernel-facts.ts';
import { AT, argument, kernelFacts, rawHook } from '../../src/plan/testing.ts';
import type { Hook, KprobeHook, LsmHook, TracepointHook } from '../../src/policy/model.ts';

const COMMON = { args: [], data: [], selectors: [], message: '', tags: [], at: AT } as const;

function call(name: string, syscall: boolean, returns: boolean): KprobeHook {
  return {
    ...COMMON,
    kind: 'kprobe',
    call: { kind: 'function', name, at: AT },
    syscall,
    returnArg: returns ? argument(0, 'int') : undefined,
    returnArgAction: undefined,
    ignoreCallNotFound: false,
  };
}

const TRACEPOINT: TracepointHook = {
  ...COMMON,
  kind: 'tracepoint',
  subsystem: 'test',
  event: 'test',
  raw: false,
};
const LSM: LsmHook = { ...COMMON, kind: 'lsm', hook: 'file_open' };

const HOOKS: readonly (readonly [what: string, hook: Hook])[] = [
  ['kprobes, fentries: a function', call('test', false, false)],
  ['– with `return`', call('test', false, true)],
  ['kprobes, fentries: a system call', call('sys_test', true, false)],
  ['– with `return`', call('sys_test', true, true)],
  ['tracepoints', TRACEPOINT],
  ['tracepoints with `raw`', rawHook([], [])],
  ['lsmhooks', LSM],
];

/** Kernels by what programs may be attached to. */
const KERNELS: readonly (readonly [what: string, attach: AttachFacts])[] = [
  ['with trampolines and BPF LSM', { trampoline: true, kprobe: true, lsm: true, kprobeMulti: true }],
  ['with kprobes only', { trampoline: false, kprobe: true, lsm: false, kprobeMulti: true }],
  ['with neither', { trampoline: false, kprobe: false, lsm: false, kprobeMulti: false }],
];

/** What the plan chooses for each kind of hook on each kind of kernel. */
export function mechanismRows(): { heads: string[]; rows: string[][] } {
  return {
    heads: ['hook', ...KERNELS.map(([what]) => `kernel ${what}`)],
    rows: HOOKS.map(([what, hook]) => [what, ...KERNELS.map(([, attach]) => mechanism(hook, attach))]),
  };
}

function mechanism(hook: Hook, attach: AttachFacts): string {
  const returns = { name: '', typeName: 'int', kind: 'int', size: 4 };
  const facts = kernelFacts({
    attach,
    findFunction: () => ({ parameters: [], returns }),
    tracepointFields: () => [],
    syscallNumber: () => 0,
  });
  try {
    return planTargets(hook, facts)
      .map(({ attach: { by } }) => `\`${by}\``)
      .join(', ');
  } catch (error) {
    if (!(error instanceof PlanError)) throw error;
    return 'refused';
  }
}
