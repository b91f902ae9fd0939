// SPDX-License-Identifier: Apache-2.0
import { indent } from '../policy/case.ts';
import type { HookEvent } from '../support/hook-events.ts';

/** A policy of this name with this YAML under `spec:`, and `merlon.dev/` annotations. */
export function policyDocument(
  name: string,
  spec: string,
  annotations: Readonly<Record<string, string>> = {},
): string {
  const lines = Object.entries(annotations).map(([key, value]) => `    merlon.dev/${key}: "${value}"`);
  return [
    'apiVersion: cilium.io/v1alpha1',
    'kind: TracingPolicy',
    'metadata:',
    `  name: ${name}`,
    ...(lines.length === 0 ? [] : ['  annotations:', ...lines]),
    'spec:',
    indent(spec.trim(), 2),
    '',
  ].join('\n');
}

/** The verdict of an event; undefined where its rule only observes. */
export function verdictOf(event: HookEvent): unknown {
  return verdictMembers(event).verdict;
}

const MEMBERS = ['verdict', 'rung', 'error', 'signal', 'truncated', 'unreadable'];

/** What `merlon` says of the verdict of an event, and of the values that it was about. */
export function verdictMembers({ merlon }: HookEvent): Record<string, unknown> {
  return Object.fromEntries(Object.entries(merlon as object).filter(([name]) => MEMBERS.includes(name)));
}
