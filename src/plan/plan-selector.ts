// SPDX-License-Identifier: Apache-2.0
import { DimensionInput } from '../events/gen/layouts.ts';
import type {
  BinaryCondition,
  CapabilityCondition,
  NamespaceChangeCondition,
  NamespaceCondition,
  PidCondition,
  Selector,
  ValueCondition,
} from '../policy/model.ts';
import { NAMESPACE_KINDS } from '../policy/model.ts';
import { celEntries } from './cel-arguments.ts';
import { celConditions, type PlacedExpression } from './cel-condition.ts';
import { type ComparedOperand, checkOperand, checkTrieText } from './check-operand.ts';
import type { Accepted, Condition, ConditionInput } from './condition.ts';
import { expandList } from './expand-list.ts';
import type { KernelFacts } from './kernel-facts.ts';
import { type FollowedConditions, followedCondition } from './follow.ts';
import { rangeWords, wordsOf } from './number-words.ts';
import {
  attempt,
  NeedsKubernetes,
  type OnPlanError,
  PlanError,
  raise,
  UncheckedFact,
} from './plan-problem.ts';
import { findSyscall } from './syscall-name.ts';
import type { ValuePlan } from './value-plan.ts';

/** Stands for the place of a value that cannot be read, which `onError` has heard of. */
export const UNREADABLE = -2;

/** Where a policy's entries stand among the values of its hook. */
export interface EntryPlaces {
  readonly args: readonly number[];
  readonly data: readonly number[];
  readonly returnValue: number | undefined;
  /** by position among the hook's values */
  readonly values: readonly ValuePlan[];
  /** a path also stands for the file that it leads to */
  readonly matchInode?: boolean;
}

/** Every condition of a selector; all of them must hold. `onError` hears of those that this version does not serve. */
export function planSelector(
  selector: Selector,
  places: EntryPlaces,
  facts: KernelFacts,
  followed: FollowedConditions,
  onError: OnPlanError = raise,
): Condition[] {
  attempt(() => refuseUnserved(selector), onError);
  const each = <Item>(items: readonly Item[], plan: (item: Item) => Condition | Condition[]): Condition[] =>
    items.flatMap((item) => attempt(() => plan(item), onError) ?? []);
  const ofValues = (conditions: readonly ValueCondition[], entries: readonly number[]): Condition[] => [
    ...each(
      conditions.filter(isComparison).filter(({ entry }) => entries[entry] !== UNREADABLE),
      (condition) => valueCondition(condition, entries, places, facts),
    ),
    ...celConditions(expressionsOf(conditions, entries), entries, places.values, onError),
  ];
  return [
    ...each(selector.pids, (condition) => pidConditions(condition, followed)),
    ...each(selector.namespaces, (condition) => namespaceCondition(condition, facts)),
    ...each(selector.namespaceChanges, namespaceChangeCondition),
    ...each(selector.capabilities, (condition) => capabilityConditions(condition, CAPABILITY_INPUTS)),
    ...each(selector.capabilityChanges, capabilityChangeConditions),
    ...each(selector.binaries, (condition) =>
      binaryCondition(condition, DimensionInput.INPUT_BINARY, followed),
    ),
    ...each(selector.parentBinaries, (condition) =>
      binaryCondition(condition, DimensionInput.INPUT_PARENT_BINARY, followed),
    ),
    ...ofValues(selector.args, places.args),
    ...ofValues(selector.data, places.data),
    ...ofValues(
      selector.returnArgs.map((condition) => ({ ...condition, entry: 0 })),
      [places.returnValue ?? 0],
    ),
  ];
}

function refuseUnserved({ workload }: Selector): void {
  if (workload !== undefined)
    throw new NeedsKubernetes(workload.at, 'Cannot serve matchWorkloads: Kubernetes is not on');
}

function process(input: ConditionInput['input'], entry = 0): ConditionInput {
  return { input, entry, other: 0 };
}

function isNumber(at: ConditionInput, values: readonly bigint[], negated: boolean): Condition {
  return { at, negated, accepted: { class: 'numbers', values } };
}

/** In the initial pid namespace the pid in the namespace is 0, and followForks matches nothing there, whatever the operator. */
function pidConditions(condition: PidCondition, followed: FollowedConditions): Condition[] {
  const { negated, values, isNamespacePid, followForks } = condition;
  const at = process(isNamespacePid ? DimensionInput.INPUT_NAMESPACE_PID : DimensionInput.INPUT_PID);
  if (!followForks) return [isNumber(at, values.map(BigInt), negated)];
  const descends = followedCondition(followed.numberOfPids(condition), negated);
  return isNamespacePid ? [isNumber(at, [0n], true), descends] : [descends];
}

function namespaceCondition(
  { namespace, negated, values, at }: NamespaceCondition,
  facts: KernelFacts,
): Condition {
  const kind = NAMESPACE_KINDS.indexOf(namespace);
  const numbers = values.map((value) => BigInt(value === 'host_ns' ? hostNamespace(kind, at, facts) : value));
  return isNumber(process(DimensionInput.INPUT_NAMESPACE, kind), numbers, negated);
}

/** The number of the host's namespace of a kind; this user may be forbidden to see it. */
function hostNamespace(kind: number, at: PlanError['at'], facts: KernelFacts): number {
  try {
    return facts.hostNamespaces[kind] ?? 0;
  } catch (error) {
    throw new PlanError(
      at,
      `Cannot tell the host's namespaces: ${error instanceof Error ? error.message : String(error)}`,
      'Name the number of the namespace (readlink /proc/PID/ns/NAME).',
    );
  }
}

const CAPABILITY_INPUTS = {
  Effective: DimensionInput.INPUT_CAP_EFFECTIVE,
  Inheritable: DimensionInput.INPUT_CAP_INHERITABLE,
  Permitted: DimensionInput.INPUT_CAP_PERMITTED,
} as const;

const CAPABILITY_CHANGE_INPUTS = {
  Effective: DimensionInput.INPUT_CAP_EFFECTIVE_CHANGES,
  Inheritable: DimensionInput.INPUT_CAP_INHERITABLE_CHANGES,
  Permitted: DimensionInput.INPUT_CAP_PERMITTED_CHANGES,
} as const;

function hasBits(at: ConditionInput, mask: bigint, negated = false): Condition {
  return { at, negated, accepted: { class: 'bits', mask } };
}

/** PROC_USER_INIT_INO, include/linux/proc_ns.h: where programs are loaded from. */
const INITIAL_USER_NAMESPACE = 0xefff_fffdn;

/** isNamespaceCapability: only processes in a user namespace other than the host's, whatever the operator. */
function capabilityConditions(
  { set, negated, mask, isNamespaceCapability }: CapabilityCondition,
  inputs: Readonly<Record<CapabilityCondition['set'], ConditionInput['input']>>,
): Condition[] {
  const userNamespace = process(DimensionInput.INPUT_NAMESPACE, NAMESPACE_KINDS.indexOf('User'));
  return [
    hasBits(process(inputs[set]), mask, negated),
    ...(isNamespaceCapability ? [isNumber(userNamespace, [INITIAL_USER_NAMESPACE], true)] : []),
  ];
}

const EVERY_CAPABILITY = 2n ** 64n - 1n;
const EVERY_NAMESPACE = 2n ** BigInt(NAMESPACE_KINDS.length) - 1n;

/** NotIn: something has changed, but none of these. */
function capabilityChangeConditions(condition: CapabilityCondition): Condition[] {
  const { set, negated, mask } = condition;
  return [
    ...capabilityConditions(condition, CAPABILITY_CHANGE_INPUTS),
    ...(negated ? [hasBits(process(CAPABILITY_CHANGE_INPUTS[set]), EVERY_CAPABILITY & ~mask)] : []),
  ];
}

/** NotIn: one that is not among these has changed. */
function namespaceChangeCondition({ negated, values }: NamespaceChangeCondition): Condition {
  const mask = values.reduce((bits, kind) => bits | (1n << BigInt(NAMESPACE_KINDS.indexOf(kind))), 0n);
  return hasBits(process(DimensionInput.INPUT_NAMESPACE_CHANGES), negated ? EVERY_NAMESPACE & ~mask : mask);
}

const STRING_CLASSES = { exact: 'strings', prefix: 'prefixes', postfix: 'postfixes' } as const;

function binaryCondition(
  policyCondition: BinaryCondition,
  input: typeof DimensionInput.INPUT_BINARY | typeof DimensionInput.INPUT_PARENT_BINARY,
  followed: FollowedConditions,
): Condition {
  const { negated, match, values, followChildren, at } = policyCondition;
  checkTrieText(match, values, at);
  const accepted: Accepted = { class: STRING_CLASSES[match], values: values.map(bytesOf) };
  const condition = { at: process(input), negated, accepted };
  if (!followChildren) return condition;
  const { INPUT_PARENT_BINARY, INPUT_FOLLOWED, INPUT_FOLLOWED_ABOVE } = DimensionInput;
  return followedCondition(
    followed.numberOfBinary(policyCondition, condition),
    negated,
    input === INPUT_PARENT_BINARY ? INPUT_FOLLOWED_ABOVE : INPUT_FOLLOWED,
  );
}

type Comparison = ValueCondition & { readonly operand: ComparedOperand };

function isComparison(condition: ValueCondition): condition is Comparison {
  return condition.operand.op !== 'cel';
}

/** Those whose values can all be read. */
function expressionsOf(
  conditions: readonly ValueCondition[],
  entries: readonly number[],
): PlacedExpression[] {
  return conditions.flatMap(({ operand }) =>
    operand.op === 'cel' && !celEntries(operand.expression).some((entry) => entries[entry] === UNREADABLE)
      ? [operand]
      : [],
  );
}

function valueCondition(
  { operand, operator, negated, at, entry: position }: Comparison,
  entries: readonly number[],
  places: EntryPlaces,
  facts: KernelFacts,
): Condition {
  const entry = entries[position] ?? 0;
  const value = places.values[entry];
  if (value === undefined) throw new RangeError(`No value ${entry}`);
  checkOperand(operand, operator, value, at);
  const { input, other, accepted } = accept(operand, at, value, entries, facts);
  const isFile = places.matchInode === true && value.shown.form === 'path';
  return {
    at: { input, entry, other: other ?? 0 },
    negated,
    accepted: isFile ? withFiles(accepted, operand, at, facts) : accepted,
  };
}

/** Whole paths with the files that they lead to now; anything else as it is. */
function withFiles(
  accepted: Accepted,
  operand: ComparedOperand,
  at: PlanError['at'],
  facts: KernelFacts,
): Accepted {
  if (accepted.class !== 'strings' || operand.op !== 'strings') return accepted;
  const files = operand.values.flatMap((path) => {
    try {
      return facts.fileIdentity(path) ?? [];
    } catch (error) {
      if (!(error instanceof Error) || error instanceof UncheckedFact) throw error;
      throw new PlanError(
        at,
        `Cannot tell the inode of "${path}": ${error.message}`,
        'Make the path readable for the agent, or leave merlon.dev/match-inode out.',
      );
    }
  });
  return { ...accepted, files };
}

interface Acceptance {
  readonly input: ConditionInput['input'];
  readonly other?: number;
  readonly accepted: Accepted;
}

function accept(
  operand: ComparedOperand,
  at: PlanError['at'],
  value: ValuePlan,
  entries: readonly number[],
  facts: KernelFacts,
): Acceptance {
  const input = DimensionInput.INPUT_VALUE;
  switch (operand.op) {
    case 'numbers': {
      const listed = operand.lists.flatMap((list) =>
        expandList(list, facts).map((name) => findSyscall(name, list.at, facts).id),
      );
      const values = wordsOf([...operand.values, ...listed], value);
      return { input, accepted: { class: 'numbers', values } };
    }
    case 'ranges': {
      const ranges = rangeWords(operand.ranges, value);
      return { input, accepted: { class: 'ranges', ranges, signed: value.shown.signed } };
    }
    case 'mask':
      return {
        input,
        accepted: {
          class: 'bits',
          mask: operand.values.reduce((mask, bits) => mask | BigInt.asUintN(64, bits), 0n),
        },
      };
    case 'strings': {
      checkTrieText(operand.match, operand.values, at);
      const values = operand.values.map(bytesOf);
      if (operand.match === 'substring')
        return { input, accepted: { class: 'substrings', values, folded: operand.ignoreCase } };
      return { input, accepted: { class: STRING_CLASSES[operand.match], values } };
    }
    case 'addresses':
      return {
        input:
          operand.side === 'source'
            ? DimensionInput.INPUT_SOURCE_ADDRESS
            : DimensionInput.INPUT_DESTINATION_ADDRESS,
        accepted: { class: 'addresses', networks: operand.networks },
      };
    case 'ports':
      return {
        input:
          operand.side === 'source'
            ? DimensionInput.INPUT_SOURCE_PORT
            : DimensionInput.INPUT_DESTINATION_PORT,
        accepted: {
          class: 'ranges',
          ranges: operand.ranges.map(({ from, to }) => ({ from: BigInt(from), to: BigInt(to) })),
          signed: false,
        },
      };
    case 'socketField':
      return {
        input: SOCKET_INPUTS[operand.field],
        accepted: { class: 'numbers', values: operand.values.map(BigInt) },
      };
    case 'fileType':
      return {
        input: DimensionInput.INPUT_FILE_TYPE,
        accepted: { class: 'numbers', values: operand.values.map(BigInt) },
      };
    case 'capabilitiesGained':
      return {
        input: DimensionInput.INPUT_CAPS_GAINED,
        other: entries[operand.against] ?? 0,
        accepted: { class: 'bits', mask: (1n << 64n) - 1n },
      };
  }
}

const SOCKET_INPUTS = {
  protocol: DimensionInput.INPUT_PROTOCOL,
  family: DimensionInput.INPUT_FAMILY,
  state: DimensionInput.INPUT_STATE,
} as const;

function bytesOf(text: string): Uint8Array {
  return Buffer.from(text, 'utf8');
}
