// SPDX-License-Identifier: Apache-2.0
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { TracingPolicyStatsSchema, TracingPolicyStatusSchema } from './gen/tetragon/sensors_pb.js';
import { HookState, TracingPolicyMode, TracingPolicyState } from './gen/tetragon/sensors_pb.js';
import type { PolicyView } from './view.ts';

/** As Tetragon names them. */
export const POLICY_STATES: Readonly<Record<PolicyView['state'], TracingPolicyState>> = {
  enabled: TracingPolicyState.TP_STATE_ENABLED,
  disabled: TracingPolicyState.TP_STATE_DISABLED,
  load_error: TracingPolicyState.TP_STATE_LOAD_ERROR,
};

export const POLICY_MODES: Readonly<Record<PolicyView['mode'], TracingPolicyMode>> = {
  enforce: TracingPolicyMode.TP_MODE_ENFORCE,
  monitor: TracingPolicyMode.TP_MODE_MONITOR,
  monitor_only: TracingPolicyMode.TP_MODE_MONITOR_ONLY,
};

/**
 * A policy as Tetragon's clients list it; `info` says why a hook is not attached in the cheapest way, and what it costs where
 * the kernel has measured that.
 */
export function policyStatus(view: PolicyView): MessageInitShape<typeof TracingPolicyStatusSchema> {
  return {
    id: BigInt(view.id),
    name: view.name,
    namespace: view.namespace,
    info: hooksText(view),
    sensors: [...new Set(view.hooks.map(({ attachedTo }) => attachedTo.split(':', 1)[0] ?? ''))],
    error: view.error,
    state: POLICY_STATES[view.state],
    mode: POLICY_MODES[view.mode],
    kernelMemoryBytes: BigInt(view.kernelMemoryBytes),
    domain: view.domain,
    stats: statsOf(view),
    hookStatuses: view.hooks.map(({ id, attachedTo }) => ({
      section: attachedTo,
      state: HookState.STATUS_LOADED,
      hookDescription: placeOf(attachedTo),
      hookIdx: id,
    })),
  };
}

/** Tetragon counts what a selector sent and what NoPost kept from being sent. */
function statsOf({ hooks }: PolicyView): MessageInitShape<typeof TracingPolicyStatsSchema> {
  const selectors = hooks.flatMap(({ attachedTo, selectors: own }, hookIndex) =>
    own.map(({ label, action, hits, suppressed }, index) => ({
      hook: placeOf(attachedTo),
      hookIndex,
      selectorIndex: index,
      selectorLabel: label,
      actionCounters: action === 'NOPOST' ? { nopost: hits } : { post: hits - suppressed },
    })),
  );
  const sum = (counter: 'post' | 'nopost'): bigint =>
    selectors.reduce((total, { actionCounters }) => total + (actionCounters[counter] ?? 0n), 0n);
  return {
    actionCounters: { post: sum('post'), nopost: sum('nopost') },
    selectorActionCounters: selectors,
  };
}

/** Behind the way of attaching. */
function placeOf(attachedTo: string): string {
  return attachedTo.slice(attachedTo.indexOf(':') + 1);
}

function hooksText({ hooks }: PolicyView): string {
  return hooks
    .flatMap(({ attachedTo, why, runs, runTimeNs, policies, selectors }) => {
      const suppressed = selectors.reduce((sum, selector) => sum + selector.suppressed, 0n);
      const sharers = policies === 1 ? '' : `, shared by ${policies} policies`;
      const cost = runs === 0n ? [] : [`${runs} runs of ${runTimeNs / runs} ns${sharers}`];
      const kept = suppressed === 0n ? [] : [`${suppressed} events kept back by rateLimit`];
      const facts = [...(why === undefined ? [] : [`since ${why}`]), ...cost, ...kept];
      return facts.length === 0 ? [] : [`${attachedTo}: ${facts.join(', ')}`];
    })
    .join('; ');
}
