// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import type { Hook, Operand, Policy, Selector, ValueCondition } from './model.ts';
import type { PolicyProblem } from './problem.ts';
import { checkPolicyText } from './index.ts';

export interface Checked {
  readonly policies: readonly Policy[];
  readonly problems: readonly PolicyProblem[];
}

export function check(text: string): Checked {
  const problems: PolicyProblem[] = [];
  return { policies: checkPolicyText('t.yaml', text, (problem) => problems.push(problem)), problems };
}

/** A TracingPolicy with this spec, whose first line is line 6 of the file. */
export function withSpec(spec: string): string {
  return `apiVersion: cilium.io/v1alpha1\nkind: TracingPolicy\nmetadata:\n  name: test\nspec:\n${spec.replace(/^/gm, '  ')}\n`;
}

/** The model of a spec that has no problem. */
export function policyOf(spec: string): Policy {
  const { policies, problems } = check(withSpec(spec));
  assert.deepEqual(problems, []);
  const [policy] = policies;
  assert(policy !== undefined);
  return policy;
}

/** The problems of a spec as `line:column code`. */
export function problemsOf(spec: string): string[] {
  const { policies, problems } = check(withSpec(spec));
  assert(problems.length === 0 || policies.length === 0);
  return problems.map(({ code, at }) => `${at.line}:${at.column} ${code}`);
}

/** The messages of a spec's problems. */
export function messagesOf(spec: string): string[] {
  return check(withSpec(spec)).problems.map(({ message }) => message);
}

/** The only hook of a spec. */
export function hookOf(spec: string): Hook {
  const { hooks } = policyOf(spec);
  const [hook, second] = hooks;
  assert(hook !== undefined && second === undefined);
  return hook;
}

/** The only selector of the only hook. */
export function selectorOf(spec: string): Selector {
  const [selector, second] = hookOf(spec).selectors;
  assert(selector !== undefined && second === undefined);
  return selector;
}

/** A kprobe with one argument of a type and one filter on it. */
export function filterSpec(type: string, operator: string, values: readonly string[], lists = ''): string {
  const written = values.length === 0 ? '' : `\n      values: ${JSON.stringify(values)}`;
  return `${lists}${type === 'syscall64' || type === 'auto' || type === 'data_loc' ? TRACEPOINT : KPROBE}
  args:
  - index: 4
    type: ${type}
  selectors:
  - matchArgs:
    - index: 4
      operator: ${operator}${written}`;
}

const KPROBE = 'kprobes:\n- call: f\n  syscall: false';
const TRACEPOINT = 'tracepoints:\n- subsystem: s\n  event: e';

/** The condition that a filter becomes. */
export function conditionOf(
  type: string,
  operator: string,
  values: readonly string[],
  lists = '',
): ValueCondition {
  const [condition] = selectorOf(filterSpec(type, operator, values, lists)).args;
  assert(condition !== undefined);
  return condition;
}

export function operandOf(type: string, operator: string, ...values: string[]): Operand {
  return conditionOf(type, operator, values).operand;
}
