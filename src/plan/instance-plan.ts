// SPDX-License-Identifier: Apache-2.0
import type { EnforcerRole, RateScope } from '../events/gen/layouts.ts';
import type { HookPolicy, HookTarget } from '../events/hook.ts';
import type { AttachTarget } from './attach-target.ts';
import type { Dimension } from './dimension-plan.ts';
import type { RuleMask } from './rule-mask.ts';
import type { UserWrite } from './user-writes.ts';
import type { ValuePlan } from './value-plan.ts';

/** One program in the kernel: a hook, or a part of one that has too many rules for one program. Plain data. */
export interface InstancePlan {
  readonly attach: AttachTarget;
  readonly shown: HookTarget;
  /** of a program that serves many functions, their names by place */
  readonly names?: ReadonlyMap<number, string>;
  readonly syscallRegisters: boolean;
  readonly argumentCount: number;
  readonly atReturn: boolean;
  /** classes of bytes of its automatons: as they are, and with letters folded */
  readonly alphabets: readonly [Uint8Array, Uint8Array];
  readonly values: readonly ValuePlan[];
  readonly dimensions: readonly Dimension[];
  readonly words: number;
  readonly rules: RuleSets;
  /** of the rules that do more than to send */
  readonly actions: readonly RuleAction[];
  readonly policies: readonly HookPolicy[];
}

/** As struct rule_action; values as positions in InstancePlan.values. */
export interface RuleAction {
  readonly rule: number;
  /** 0n without a limit */
  readonly intervalNs: bigint;
  readonly scope: (typeof RateScope)[keyof typeof RateScope];
  /** those that make events the same */
  readonly values: readonly number[];
  readonly track: readonly number[];
  readonly untrack: readonly number[];
  /** what it does to the operation and its process */
  readonly error: number;
  readonly signal: number;
  /** into the program of user space that passes */
  readonly writes: readonly UserWrite[];
  readonly enforcer: (typeof EnforcerRole)[keyof typeof EnforcerRole] | 0;
  readonly notification: {
    readonly error: number;
    readonly signal: number;
    readonly calls: readonly number[];
  };
  /** number of the rule's policy, whose mode decides whether it does so */
  readonly policy: number;
}

/** As struct rule_config, but for the rules with an action. */
export interface RuleSets {
  readonly all: RuleMask;
  readonly first: RuleMask;
  readonly last: RuleMask;
  /** by word: its first policy began in the word before */
  readonly carries: readonly boolean[];
  readonly post: RuleMask;
  readonly kernelStack: RuleMask;
  readonly userStack: RuleMask;
  readonly imaHash: RuleMask;
  /** those that deny a hit which the program cannot look at */
  readonly unseen: RuleMask;
}
