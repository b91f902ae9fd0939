// SPDX-License-Identifier: Apache-2.0
/** spec.enforcers: calls on which the hooks of a policy have something done, by NotifyEnforcer. */
import type { Action, Enforcer, KprobeHook, Policy, Selector } from '../policy/model.ts';
import { expandList } from './expand-list.ts';
import type { KernelFacts } from './kernel-facts.ts';
import { SECURITY } from './plan-enforcement.ts';
import type { PolicyHook } from './plan-policies.ts';
import { attempt, type OnPlanError, PlanError } from './plan-problem.ts';
import type { PlannedTarget } from './plan-target.ts';
import { findSyscall } from './syscall-name.ts';

export type Notification = Extract<Action, { kind: 'NotifyEnforcer' }>;

/**
 * The hooks that a policy's enforcers come to: of system calls, and of functions security_*. Each denies where a notification has
 * an error, so a kernel on which it cannot is found when their targets are planned.
 */
export function enforcerHooks({ enforcers, hooks }: Policy): KprobeHook[] {
  const notifications = hooks.flatMap(({ selectors }) =>
    selectors.flatMap(({ actions }) => actions.filter((action) => action.kind === 'NotifyEnforcer')),
  );
  const errors = notifications.filter(({ error }) => error !== 0);
  return enforcers.flatMap((enforcer) =>
    callsOf(enforcer).map(({ call, syscall }): KprobeHook => ({
      ...{ kind: 'kprobe', call, syscall, ignoreCallNotFound: false, at: enforcer.at },
      ...{ args: [], data: [], message: '', tags: [], returnArg: undefined, returnArgAction: undefined },
      selectors: [enforcing(errors, enforcer)],
    })),
  );
}

function callsOf({ calls }: Enforcer): Pick<KprobeHook, 'call' | 'syscall'>[] {
  return calls.flatMap((call): Pick<KprobeHook, 'call' | 'syscall'>[] => {
    if (call.kind === 'function') return [{ call, syscall: !call.name.startsWith(SECURITY) }];
    const { list, at } = call;
    if (list.type !== 'plain' || !list.values.some((name) => name.startsWith(SECURITY)))
      return [{ call, syscall: true }];
    return list.values.map((name) => ({
      call: { kind: 'function', name, at },
      syscall: !name.startsWith(SECURITY),
    }));
  });
}

/** What an enforcer's hook is planned for: the denials that are notified, else a signal. */
function enforcing(errors: readonly Notification[], { at }: Enforcer): Selector {
  const nothing = { registers: [], newSymbol: undefined, newAddress: undefined, newOffset: undefined };
  const actions: readonly Action[] =
    errors.length === 0
      ? [{ kind: 'Sigkill', at }]
      : errors.map(({ error, at: notified }) => ({ kind: 'Override', error, ...nothing, at: notified }));
  return {
    ...{ label: undefined, pids: [], args: [], data: [], returnArgs: [], binaries: [], parentBinaries: [] },
    ...{ namespaces: [], namespaceChanges: [], capabilities: [], capabilityChanges: [] },
    ...{ workload: undefined, actions, returnActions: [], at },
  };
}

/**
 * The enforcers' system calls, by their places, where a hook runs as one of them may begin: there the hook itself sends the signal.
 * None for other hooks.
 */
export function callsAtEntry(
  { enforcers }: Policy,
  target: PlannedTarget,
  facts: KernelFacts,
  onError: OnPlanError,
): number[] {
  if (!isSyscallEntry(target)) return [];
  const calls = enforcers.flatMap(callsOf).filter(({ syscall }) => syscall);
  return calls.flatMap(({ call }) => {
    const names = call.kind === 'list' ? expandList(call.list, facts) : [call.name];
    return names.flatMap((name) => attempt(() => findSyscall(name, call.at, facts).place, onError) ?? []);
  });
}

/**
 * A hook that shares the program of an enforcer can leave it no note in time: what is noted there comes to the next call. Throws a
 * PlanError.
 */
export function checkNotifications(hooks: readonly PolicyHook[]): void {
  if (!hooks.some(({ rules }) => rules.some(({ enforcement }) => enforcement?.acts))) return;
  for (const { rules, at } of hooks)
    for (const { enforcement } of rules)
      if (enforcement?.notification !== undefined && enforcement.notification.calls.length === 0)
        throw new PlanError(
          at,
          'Cannot notify an enforcer that is where this hook is: it would act on the next call',
          'Use the actions Override and Sigkill in place of NotifyEnforcer: this hook can do itself what the enforcer does.',
        );
}

function isSyscallEntry({ attach, syscallRegisters, atReturn }: PlannedTarget): boolean {
  if (attach.by === 'raw_tracepoint') return attach.event === 'sys_enter';
  if (attach.by === 'tracepoint')
    return (
      (attach.subsystem === 'raw_syscalls' && attach.event === 'sys_enter') ||
      (attach.subsystem === 'syscalls' && attach.event.startsWith('sys_enter_'))
    );
  return syscallRegisters && !atReturn;
}
