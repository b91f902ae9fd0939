// SPDX-License-Identifier: Apache-2.0
import { didYouMean } from '../base/nearest-name.ts';
import type { HookTarget } from '../events/hook.ts';
import type { Hook, LsmHook, TracepointHook } from '../policy/model.ts';
import type { AttachTarget } from './attach-target.ts';
import { X86_64_SYSCALLS } from './gen/syscalls.ts';
import { functionSignature, functionTargets, NAMES_SHOWN } from './function-target.ts';
import type { KernelFacts } from './kernel-facts.ts';
import { type OnPlanError, PlanError, raise } from './plan-problem.ts';
import { uprobeTargets, usdtTargets } from './plan-user-target.ts';
import type { Signature } from './plan-value.ts';

/** Where a hook of a policy is attached on this kernel. */
export interface PlannedTarget {
  readonly attach: AttachTarget;
  readonly shown: HookTarget;
  readonly signature: Signature;
  /** the first argument is the pt_regs of a system call's caller */
  readonly syscallRegisters: boolean;
  /** arguments of what is attached to */
  readonly argumentCount: number;
  /** the program runs when the function returns */
  readonly atReturn: boolean;
  /** of a program that serves many functions, their names by place */
  readonly names?: ReadonlyMap<number, string>;
}

/**
 * The cheapest way to attach that this kernel has. A short list gives one target per call, a long one too unless `mayShare`;
 * `onError` hears of each that the kernel has no function for, or no way to attach to. Throws a PlanError when there is nothing
 * at all.
 */
export function planTargets(
  hook: Hook,
  facts: KernelFacts,
  onError: OnPlanError = raise,
  mayShare = true,
): PlannedTarget[] {
  switch (hook.kind) {
    case 'kprobe':
    case 'fentry':
      return functionTargets(hook, facts, onError, mayShare);
    case 'tracepoint':
      return [hook.raw ? rawTracepointTarget(hook, facts) : tracepointTarget(hook, facts)];
    case 'lsm':
      return [lsmTarget(hook, facts)];
    case 'uprobe':
      return uprobeTargets(hook, facts);
    case 'usdt':
      return usdtTargets(hook, facts);
  }
}

function tracepointTarget(hook: TracepointHook, facts: KernelFacts): PlannedTarget {
  const { subsystem, event } = hook;
  const fields = facts.tracepointFields(subsystem, event);
  if (fields === undefined)
    throw new PlanError(
      hook.at,
      `Cannot attach to tracepoint "${subsystem}/${event}": the kernel has none of that name`,
      likeEvent(subsystem, event, facts),
    );
  return {
    attach: { by: 'tracepoint', subsystem, event },
    shown: { kind: 'tracepoint', subsystem, event },
    signature: { kind: 'record', fields },
    syscallRegisters: false,
    argumentCount: 0,
    atReturn: false,
  };
}

function likeEvent(subsystem: string, event: string, facts: KernelFacts): string {
  const prefix = subsystem === 'syscalls' ? /^sys_(?:enter|exit)_/.exec(event)?.[0] : undefined;
  const names =
    prefix === undefined
      ? facts.eventNames()
      : Object.keys(X86_64_SYSCALLS).map((name) => `${prefix}${name}`);
  return didYouMean(event, names, NAMES_SHOWN) ?? 'See /sys/kernel/tracing/available_events.';
}

function rawTracepointTarget(hook: TracepointHook, facts: KernelFacts): PlannedTarget {
  const { subsystem, event } = hook;
  const parameters = facts.rawTracepoint(event);
  if (parameters === undefined)
    throw new PlanError(
      hook.at,
      `Cannot attach to raw tracepoint "${event}": the kernel has none of that name`,
      likeEvent(subsystem, event, facts),
    );
  return {
    attach: { by: 'raw_tracepoint', event },
    shown: { kind: 'tracepoint', subsystem, event },
    signature: { kind: 'function', title: `raw tracepoint "${event}"`, parameters, returns: undefined },
    syscallRegisters: false,
    argumentCount: Math.min(parameters.length, 6),
    atReturn: false,
  };
}

function lsmTarget({ hook, at }: LsmHook, facts: KernelFacts): PlannedTarget {
  const found = facts.findFunction(`bpf_lsm_${hook}`);
  if (found === undefined) {
    const hooks = facts.functionNames('bpf_lsm_').map((name) => name.slice('bpf_lsm_'.length));
    throw new PlanError(
      at,
      `Cannot attach to LSM hook "${hook}": the kernel has none of that name`,
      didYouMean(hook, hooks, NAMES_SHOWN),
    );
  }
  if (!facts.attach.lsm)
    throw new PlanError(
      at,
      `Cannot attach to LSM hook "${hook}": this kernel does not run BPF LSM programs`,
      'Add bpf to the list lsm= of the kernel command line ("merlon doctor" shows it).',
    );
  return {
    attach: { by: 'lsm', functionName: hook },
    shown: { kind: 'lsm', functionName: hook },
    signature: functionSignature(`LSM hook "${hook}"`, found, facts),
    syscallRegisters: false,
    argumentCount: Math.min(found.parameters.length, 6),
    atReturn: false,
  };
}
