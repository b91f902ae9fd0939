// SPDX-License-Identifier: Apache-2.0
import {
  DimensionConfig,
  HookConfig,
  HookFlag,
  ValueConfig,
  RuleAction as RuleActionLayout,
  RuleWrites,
  UserWrite as UserWriteLayout,
  WriteSource,
  WriteTarget,
} from '../events/gen/layouts.ts';
import type { Dimension } from './dimension-plan.ts';
import type { InstancePlan, RuleAction } from './instance-plan.ts';
import { RuleMask } from './rule-mask.ts';
import type { StringSecret } from './string-key.ts';
import type { UserWrite } from './user-writes.ts';
import { type ValuePlan, valueFlags } from './value-plan.ts';

const STEP_FOLLOW = 0x8000_0000;

/** What tells a program apart from the same one in another generation. */
export interface InstanceIdentity {
  /** the hook's number in its generation */
  readonly hook: number;
  readonly generation: number;
  /** entry of the next program of the same hook; 0 for none */
  readonly next: number;
  /** it runs behind another program of the hook */
  readonly continues: boolean;
}

/** A struct hook_config. */
export function configBytes(
  plan: InstancePlan,
  identity: InstanceIdentity,
  secret: StringSecret,
): Uint8Array {
  const view = new DataView(new ArrayBuffer(HookConfig.sizeof));
  const u32 = (offset: number, value: number): void => view.setUint32(offset, value, true);
  u32(HookConfig.hook, identity.hook);
  u32(HookConfig.generation, identity.generation);
  u32(HookConfig.group, identity.next);
  u32(HookConfig.words, plan.words);
  u32(HookConfig.values, plan.values.length);
  u32(HookConfig.dimensions, plan.dimensions.length);
  u32(HookConfig.arguments, plan.argumentCount);
  u32(
    HookConfig.flags,
    (plan.syscallRegisters ? HookFlag.HOOK_SYSCALL_REGS : 0) |
      (plan.atReturn ? HookFlag.HOOK_RETURN : 0) |
      (plan.names === undefined ? 0 : HookFlag.HOOK_PLACES) |
      (plan.attach.by === 'follow' ? HookFlag.HOOK_FOLLOW : 0) |
      (plan.attach.by === 'override' ? HookFlag.HOOK_OVERRIDES : 0) |
      (identity.continues && returnsDecision(plan) ? HookFlag.HOOK_CONTINUES : 0) |
      actionFlags(plan),
  );
  view.setBigUint64(HookConfig.secret, secret[0], true);
  view.setBigUint64(HookConfig.secret + 8, secret[1], true);
  plan.values.forEach((value, i) => writeValue(view, HookConfig.value + i * ValueConfig.sizeof, value));
  plan.dimensions.forEach((dimension, d) =>
    writeDimension(view, HookConfig.dimension + d * DimensionConfig.sizeof, dimension),
  );
  const { rules } = plan;
  writeMask(view, HookConfig.rulesAll, rules.all);
  writeMask(view, HookConfig.rulesFirst, rules.first);
  writeMask(view, HookConfig.rulesLast, rules.last);
  writeMask(view, HookConfig.rulesPost, rules.post);
  writeMask(view, HookConfig.rulesKernelStack, rules.kernelStack);
  writeMask(view, HookConfig.rulesUserStack, rules.userStack);
  writeMask(view, HookConfig.rulesImaHash, rules.imaHash);
  writeMask(
    view,
    HookConfig.rulesLimited,
    actingRules(plan, ({ intervalNs }) => intervalNs > 0n),
  );
  writeMask(
    view,
    HookConfig.rulesTrack,
    actingRules(plan, ({ track }) => track.length > 0),
  );
  writeMask(
    view,
    HookConfig.rulesUntrack,
    actingRules(plan, ({ untrack }) => untrack.length > 0),
  );
  writeMask(view, HookConfig.rulesEnforce, actingRules(plan, enforces));
  writeMask(view, HookConfig.rulesUnseen, rules.unseen);
  rules.carries.forEach((carries, word) =>
    view.setBigUint64(HookConfig.rulesCarries + 8 * word, carries ? 1n : 0n, true),
  );
  return new Uint8Array(view.buffer);
}

/** What the rules' actions and the values ask of the program, as bits of enum hook_flag. */
export function actionFlags({ attach, actions, values, rules }: InstancePlan): number {
  const limits = actions.some(({ intervalNs }) => intervalNs > 0n);
  const tracks = actions.some(({ track, untrack }) => track.length + untrack.length > 0);
  const hasEnforcement = actions.some(enforces);
  const writesTo = (wanted: UserWrite['target']): boolean =>
    actions.some(({ writes }) => writes.some(({ target }) => target === wanted));
  const hasSocks = values.some(({ shown }) => shown.form === 'sock');
  return (
    (limits ? HookFlag.HOOK_LIMITS : 0) |
    (tracks ? HookFlag.HOOK_TRACKS : 0) |
    (hasEnforcement ? HookFlag.HOOK_ENFORCES : 0) |
    (actions.some(({ enforcer }) => enforcer !== 0) ? HookFlag.HOOK_ENFORCER : 0) |
    (writesTo('memory') ? HookFlag.HOOK_WRITES_MEMORY : 0) |
    (writesTo('register') ? HookFlag.HOOK_WRITES_REGISTERS : 0) |
    (hasSocks ? HookFlag.HOOK_SOCK_OWNERS : 0) |
    (values.some(({ maxData }) => maxData) ? HookFlag.HOOK_WIDE : 0) |
    (rules.imaHash.isEmpty ? 0 : HookFlag.HOOK_IMA) |
    (attach.by === 'lsm_ima' ? HookFlag.HOOK_IMA_ASK : 0)
  );
}

/** It is a program of hook.bpf.c whose return value decides about the operation (DENYING_HOOK). */
function returnsDecision({ attach: { by } }: InstancePlan): boolean {
  return by === 'lsm' || by === 'lsm_ima' || by === 'fmod_ret';
}

function enforces({ error, signal, writes, enforcer }: RuleAction): boolean {
  return error !== 0 || signal !== 0 || writes.length > 0 || enforcer !== 0;
}

function actingRules({ actions, words }: InstancePlan, acts: (action: RuleAction) => boolean): RuleMask {
  const mask = new RuleMask(words);
  for (const action of actions) if (acts(action)) mask.add(action.rule);
  return mask;
}

/** A struct rule_action, as the kernel side finds it before the first hit. */
export function actionBytes({
  intervalNs,
  scope,
  values,
  track,
  untrack,
  error,
  signal,
  writes,
  enforcer,
  notification,
  policy,
}: RuleAction): Uint8Array {
  const view = new DataView(new ArrayBuffer(RuleActionLayout.sizeof));
  view.setBigUint64(RuleActionLayout.interval, intervalNs, true);
  view.setUint16(RuleActionLayout.scope, scope, true);
  view.setUint16(RuleActionLayout.values, bitsOf(values), true);
  view.setUint16(RuleActionLayout.track, bitsOf(track), true);
  view.setUint16(RuleActionLayout.untrack, bitsOf(untrack), true);
  view.setUint32(RuleActionLayout.policy, policy, true);
  view.setInt32(RuleActionLayout.error, error, true);
  view.setUint32(RuleActionLayout.signal, signal, true);
  view.setUint32(RuleActionLayout.enforcer, enforcer, true);
  view.setInt32(RuleActionLayout.noteError, notification.error, true);
  view.setUint32(RuleActionLayout.noteSignal, notification.signal, true);
  view.setUint32(RuleActionLayout.writes, writes.length > 0 ? 1 : 0, true);
  return new Uint8Array(view.buffer);
}

const TARGETS = { register: WriteTarget.WRITE_REGISTER, memory: WriteTarget.WRITE_MEMORY } as const;
const SOURCES = {
  ...{ constant: WriteSource.WRITE_CONSTANT, sum: WriteSource.WRITE_SUM, loaded: WriteSource.WRITE_LOADED },
} as const;

/** A struct rule_writes. */
export function writesBytes({ writes }: RuleAction): Uint8Array {
  const view = new DataView(new ArrayBuffer(RuleWrites.sizeof));
  view.setUint32(RuleWrites.count, writes.length, true);
  writes.forEach(({ target, source, bytes, to, from, offset, value }, index) => {
    const base = RuleWrites.write + index * UserWriteLayout.sizeof;
    view.setUint8(base + UserWriteLayout.target, TARGETS[target]);
    view.setUint8(base + UserWriteLayout.source, SOURCES[source]);
    view.setUint8(base + UserWriteLayout.bytes, bytes);
    view.setUint16(base + UserWriteLayout.to, to, true);
    view.setUint16(base + UserWriteLayout.from, from, true);
    view.setBigInt64(base + UserWriteLayout.offset, offset, true);
    view.setBigUint64(base + UserWriteLayout.value, BigInt.asUintN(64, value), true);
  });
  return new Uint8Array(view.buffer);
}

/** A set of values: bit n for value n. */
function bitsOf(entries: readonly number[]): number {
  return entries.reduce((mask, entry) => (mask | (1 << entry)) >>> 0, 0);
}

function writeValue(view: DataView, base: number, value: ValuePlan): void {
  const u8 = (offset: number, byte: number): void => view.setUint8(base + offset, byte);
  u8(ValueConfig.reader, value.reader);
  u8(ValueConfig.source, value.source);
  u8(ValueConfig.index, value.index);
  u8(ValueConfig.size, value.bytes);
  u8(ValueConfig.flags, valueFlags(value));
  u8(ValueConfig.steps, value.path.length);
  u8(ValueConfig.sizeArgument, value.sizeArgument);
  u8(ValueConfig.bitShift, value.bitShift);
  u8(ValueConfig.bitWidth, value.bitWidth);
  view.setUint32(base + ValueConfig.field, value.field, true);
  view.setUint32(base + ValueConfig.maxLength, value.maxLength, true);
  value.path.forEach(({ offset, follow }, step) =>
    view.setUint32(
      base + ValueConfig.path + 4 * step,
      ((offset & ~STEP_FOLLOW) | (follow ? STEP_FOLLOW : 0)) >>> 0,
      true,
    ),
  );
}

function writeDimension(view: DataView, base: number, dimension: Dimension): void {
  view.setUint8(base + DimensionConfig.kind, dimension.kind);
  view.setUint8(base + DimensionConfig.input, dimension.at.input);
  view.setUint8(base + DimensionConfig.entry, dimension.at.entry);
  view.setUint8(base + DimensionConfig.other, dimension.at.other);
  view.setUint32(base + DimensionConfig.count, dimension.count, true);
  view.setUint32(base + DimensionConfig.flag, dimension.flag ? 1 : 0, true);
  view.setUint32(base + DimensionConfig.reads, bitsOf(dimension.reads), true);
  view.setBigUint64(base + DimensionConfig.bias, dimension.bias, true);
  writeMask(view, base + DimensionConfig.onError, dimension.onError);
  writeMask(view, base + DimensionConfig.miss, dimension.miss);
}

function writeMask(view: DataView, offset: number, mask: RuleMask): void {
  new Uint8Array(view.buffer).set(mask.bytes, offset);
}
