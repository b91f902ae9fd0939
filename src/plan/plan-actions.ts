// SPDX-License-Identifier: Apache-2.0
import { RateScope } from '../events/gen/layouts.ts';
import type { HookPolicy, HookRequest } from '../events/hook.ts';
import type { Action, Hook, Policy, RateLimit, Selector } from '../policy/model.ts';
import { attempt, type OnPlanError, PlanError, raise } from './plan-problem.ts';

/** What the agent that the plan is for does beside loading programs. */
export interface ActionOptions {
  /** whose GetUrl and DnsLookup it does: nobody's, those of policies for the whole cluster, or of namespaced ones as well */
  readonly requests: 'none' | 'cluster' | 'all';
  /** the number that the kernel side knows a policy by; 0 for all without */
  readonly numberOf?: (policy: Policy) => number;
}

/** What a rule does when it matches. */
export interface PlannedActions {
  readonly posts: boolean;
  readonly kernelStack: boolean;
  readonly userStack: boolean;
  readonly imaHash: boolean;
  readonly limit: { readonly intervalNs: bigint; readonly scope: Scope } | undefined;
  /** values whose sockets are the current process's from now on; positions in PolicyHook.values */
  readonly track: readonly number[];
  /** those that are nobody's any more */
  readonly untrack: readonly number[];
}

type Scope = (typeof RateScope)[keyof typeof RateScope];

const SCOPES: Readonly<Record<RateLimit['scope'], Scope>> = {
  global: RateScope.RATE_GLOBAL,
  thread: RateScope.RATE_THREAD,
  process: RateScope.RATE_PROCESS,
};
/** What acts on the operation or its process. */
export const ENFORCING: ReadonlySet<Action['kind']> = new Set([
  ...(['Sigkill', 'Signal', 'Override', 'Set', 'NotifyEnforcer', 'CleanupEnforcerNotification'] as const),
]);
/** Those that also a function's return can have: its process is still there. */
const AT_RETURN: ReadonlySet<Action['kind']> = new Set(['Sigkill', 'Signal']);
const NS_PER_MS = 1_000_000n;

/** Plans the actions of a selector; a hook without selectors has one that posts. `onError` hears of what is not served. */
export function planActions(
  selector: Selector | undefined,
  hook: Hook,
  { args, returnValue }: Pick<PlacesOfSocks, 'args' | 'returnValue'>,
  onError: OnPlanError = raise,
): PlannedActions {
  const actions = actionsOf(selector);
  const posts = actions.filter((action) => action.kind === 'Post');
  for (const action of actions) attempt(() => refuse(action, hook), onError);
  const late = selector?.returnActions.find(({ kind }) => ENFORCING.has(kind) && !AT_RETURN.has(kind));
  if (late !== undefined)
    onError(
      new PlanError(
        late.at,
        `Cannot serve action "${late.kind}" when the function returns: it has run by then`,
        'Move the action to matchActions.',
      ),
    );
  const cleanup = actions.find(({ kind }) => kind === 'CleanupEnforcerNotification');
  if (cleanup !== undefined && actions.some(({ kind }) => kind === 'NotifyEnforcer'))
    onError(
      new PlanError(
        cleanup.at,
        'Cannot use CleanupEnforcerNotification beside NotifyEnforcer: it would take back what that notes',
        'Move it to a hook behind the calls of the enforcers.',
      ),
    );
  const sends = !actions.some(({ kind }) => kind === 'NoPost');
  const entriesOf = (kind: 'TrackSock' | 'UntrackSock'): number[] => [
    ...actions.flatMap((action) =>
      action.kind === kind && 'argument' in action ? [args[action.argument] ?? -1] : [],
    ),
    ...('returnArgAction' in hook && hook.returnArgAction === kind ? [returnValue ?? -1] : []),
  ];
  return {
    posts: sends,
    kernelStack: posts.some(({ kernelStackTrace }) => kernelStackTrace),
    userStack: posts.some(({ userStackTrace }) => userStackTrace),
    imaHash: posts.some(({ imaHash }) => imaHash),
    limit: sends ? limitOf(posts.map(({ rateLimit }) => rateLimit)) : undefined,
    track: entriesOf('TrackSock'),
    untrack: entriesOf('UntrackSock'),
  };
}

interface PlacesOfSocks {
  /** position in PolicyHook.values by the hook's argument; -1 for one that is not read */
  readonly args: readonly number[];
  readonly returnValue: number | undefined;
}

/** What the agent does for each event of the rule. Throws a PlanError when it does not do so for this policy. */
export function planRequests(
  selector: Selector | undefined,
  policy: Pick<HookPolicy, 'name' | 'namespace'>,
  options: ActionOptions,
): HookRequest[] {
  const actions = actionsOf(selector);
  return actions.flatMap((action): HookRequest[] => {
    if (action.kind !== 'GetUrl' && action.kind !== 'DnsLookup') return [];
    if (options.requests === 'none')
      throw new PlanError(action.at, `Cannot serve action "${action.kind}" in this version`);
    if (policy.namespace !== undefined && options.requests !== 'all')
      throw new PlanError(
        action.at,
        `Cannot use action "${action.kind}" in policy "${policy.name}" of namespace "${policy.namespace}": ` +
          'the agent would send requests in the name of the node',
        'Start the agent with --allow-policy-requests, or make it a TracingPolicy.',
      );
    if (actions.some(({ kind }) => kind === 'NoPost'))
      throw new PlanError(
        action.at,
        `Cannot use action "${action.kind}" beside NoPost: the agent acts on events, and there is none`,
        'Delete NoPost.',
      );
    return [action.kind === 'GetUrl' ? { kind: 'url', url: action.url } : { kind: 'dns', name: action.fqdn }];
  });
}

function actionsOf(selector: Selector | undefined): Action[] {
  return selector === undefined ? [] : [...selector.actions, ...selector.returnActions];
}

function refuse(action: Action, hook: Hook): void {
  switch (action.kind) {
    case 'NoPost':
    // plan-enforcement.ts judges these.
    case 'Sigkill':
    case 'Signal':
    case 'Override':
    case 'Set':
    case 'NotifyEnforcer':
    case 'CleanupEnforcerNotification':
    case 'TrackSock':
    case 'UntrackSock':
    // planRequests judges these.
    case 'GetUrl':
    case 'DnsLookup':
      return;
    case 'Post':
      if ((action.kernelStackTrace || action.userStackTrace) && hook.kind === 'lsm')
        throw new PlanError(action.at, 'Cannot take a stack trace in an LSM hook');
      return;
  }
}

/** Of several limits of one rule the longest holds. */
function limitOf(limits: readonly (RateLimit | undefined)[]): PlannedActions['limit'] {
  const [longest] = limits
    .filter((limit) => limit !== undefined)
    .toSorted((a, b) => b.intervalMs - a.intervalMs);
  return longest === undefined
    ? undefined
    : { intervalNs: BigInt(longest.intervalMs) * NS_PER_MS, scope: SCOPES[longest.scope] };
}
