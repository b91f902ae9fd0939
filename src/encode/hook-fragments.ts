// SPDX-License-Identifier: Apache-2.0
/** What the events of a hook have in common, as bytes: made once for each policy and rule. */
import type { Hook, HookPolicy, HookRule, HookTarget, ShownValue } from '../events/hook.ts';
import type { PreparedValue } from './value-json.ts';
import { prepareValue } from './value-json.ts';

/** A rule's text, around what differs from event to event. */
export interface PreparedRule {
  /** false: its policy wants no event (NoPost) */
  readonly shows: boolean;
  readonly kernelStack: boolean;
  readonly userStack: boolean;
  readonly imaHash: boolean;
  /** behind the arguments and the return value */
  readonly afterArgs: Uint8Array;
  /** behind the kernel's stack */
  readonly afterStack: Uint8Array;
  /** behind the ancestors */
  readonly afterAncestors: Uint8Array;
  /** members of `merlon` */
  readonly details: Uint8Array;
  /** the rule's bit, for the verdict */
  readonly bit: number;
  readonly enforcement: HookRule['enforcement'];
}

export interface PreparedPolicy {
  readonly policy: HookPolicy;
  /** the event's name and what opens it, up to the process */
  readonly opening: Uint8Array;
  /** what names the hook, between the processes and the arguments */
  readonly head: Uint8Array;
  readonly args: readonly PreparedValue[];
  readonly data: readonly PreparedValue[];
  readonly returnValue: PreparedValue | undefined;
  readonly rules: readonly PreparedRule[];
}

export interface PreparedHook {
  readonly kind: HookTarget['kind'];
  /** Tetragon's message has fields for stacks; those of other kinds stand under `merlon` */
  readonly hasStacks: boolean;
  /** the policy of each rule, by its bit */
  readonly policyOfRule: readonly (PreparedPolicy | undefined)[];
}

export function prepareHook(hook: Hook): PreparedHook {
  const policyOfRule: (PreparedPolicy | undefined)[] = [];
  for (const policy of hook.policies) {
    const prepared = preparePolicy(hook, policy);
    for (let rule = 0; rule < policy.rules.length; rule++) policyOfRule[policy.firstRule + rule] = prepared;
  }
  const { kind } = hook.target;
  return { kind, hasStacks: kind === 'kprobe', policyOfRule };
}

function preparePolicy({ target, values }: Hook, policy: HookPolicy): PreparedPolicy {
  const prepare = (shown: readonly ShownValue[], list: string): PreparedValue[] =>
    shown.flatMap((value, index) => prepareValue(value, values, `${list}[${index}]`) ?? []);
  const args = prepare(policy.args, 'args');
  // Tetragon has no field for the return value of a uprobe: it follows the arguments.
  const isArgument = target.kind !== 'kprobe' && policy.returnValue !== undefined;
  const returned = policy.returnValue && prepareValue(policy.returnValue, values, 'return');
  if (isArgument && returned !== undefined) args.push({ ...returned, place: `args[${args.length}]` });
  return {
    policy,
    opening: Buffer.from(`{"process_${target.kind}":{"process":`),
    head: Buffer.from(headOf(target, policy)),
    args,
    data: target.kind === 'kprobe' || target.kind === 'uprobe' ? prepare(policy.data, 'data') : [],
    returnValue: isArgument ? undefined : returned,
    rules: policy.rules.map((rule, index) => prepareRule(target, policy, rule, policy.firstRule + index)),
  };
}

function prepareRule(target: HookTarget, policy: HookPolicy, rule: HookRule, bit: number): PreparedRule {
  const [afterArgs, afterStack, afterAncestors] = ruleText(target, policy, rule);
  const details = member('policy_namespace', policy.namespace) + member('selector', rule.label);
  return {
    shows: rule.action !== 'NOPOST',
    kernelStack: rule.kernelStack,
    userStack: rule.userStack,
    imaHash: rule.imaHash && target.kind === 'lsm',
    afterArgs: Buffer.from(afterArgs),
    afterStack: Buffer.from(afterStack),
    afterAncestors: Buffer.from(afterAncestors),
    details: Buffer.from(details),
    bit,
    enforcement: rule.enforcement,
  };
}

/** `,"NAME":VALUE`, or nothing for what protobuf's JSON leaves out. */
function member(name: string, value: string | readonly string[] | bigint | undefined): string {
  if (value === undefined || value === 0n) return '';
  if (typeof value === 'bigint') return `,"${name}":"${value}"`;
  return value.length === 0 ? '' : `,"${name}":${JSON.stringify(value)}`;
}

/** Fields in the order of Tetragon's messages. */
function headOf(target: HookTarget, { name, message }: HookPolicy): string {
  const about = member('policy_name', name) + member('message', message);
  switch (target.kind) {
    case 'kprobe':
      return member('function_name', target.functionName);
    case 'lsm':
      return member('function_name', target.functionName) + about;
    case 'tracepoint':
      return member('subsys', target.subsystem) + member('event', target.event);
    case 'uprobe':
      return member('path', target.path) + member('symbol', target.symbol) + about;
    case 'usdt':
      return (
        member('path', target.path) +
        member('provider', target.provider) +
        member('name', target.name) +
        about
      );
    case 'loader':
      return '';
  }
}

/** The three pieces of PreparedRule, in the order of Tetragon's messages. */
function ruleText(
  target: HookTarget,
  { name, message, tags }: HookPolicy,
  rule: HookRule,
): [string, string, string] {
  const action = member('action', `KPROBE_ACTION_${rule.action}`);
  const policyName = member('policy_name', name);
  const tagList = member('tags', tags);
  switch (target.kind) {
    case 'kprobe': {
      // There also without a return probe.
      const returnAction = member('return_action', `KPROBE_ACTION_${rule.returnAction ?? 'POST'}`);
      return [action, policyName + returnAction + member('message', message) + tagList, ''];
    }
    case 'lsm':
      return [action + tagList, '', ''];
    case 'tracepoint':
      return [policyName + action + member('message', message) + tagList, '', ''];
    case 'uprobe':
      return [
        tagList,
        '',
        member('offset', target.offset) + member('ref_ctr_offset', target.refCtrOffset) + action,
      ];
    case 'usdt':
      return [tagList, '', action];
    case 'loader':
      return ['', '', ''];
  }
}
