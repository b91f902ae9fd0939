// SPDX-License-Identifier: Apache-2.0
import { DimensionInput } from '../events/gen/layouts.ts';
import type {
  BinaryCondition,
  CapabilityCondition,
  NamespaceCondition,
  PidCondition,
  Selector,
  ValueCondition,
} from '../policy/model.ts';
import { NAMESPACE_KINDS } from '../policy/model.ts';
import type { Accepted, Condition, ConditionInput } from './condition.ts';
import type { KernelFacts } from './kernel-facts.ts';
import { PlanError } from './plan-problem.ts';
import type { ValuePlan } from './value-plan.ts';

/** Where a policy's entries stand among the values of its hook. */
export interface EntryPlaces {
  readonly args: readonly number[];
  readonly data: readonly number[];
  readonly returnValue: number | undefined;
  /** by position among the hook's values */
  readonly values: readonly ValuePlan[];
}

/** Every condition of a selector; all of them must hold. Throws a PlanError for one that this version does not serve. */
export function planSelector(selector: Selector, places: EntryPlaces, facts: KernelFacts): Condition[] {
  refuseUnserved(selector);
  return [
    ...selector.pids.map(pidCondition),
    ...selector.namespaces.map((condition) => namespaceCondition(condition, facts)),
    ...selector.capabilities.map(capabilityCondition),
    ...selector.binaries.map((condition) => binaryCondition(condition, DimensionInput.INPUT_BINARY)),
    ...selector.parentBinaries.map((condition) =>
      binaryCondition(condition, DimensionInput.INPUT_PARENT_BINARY),
    ),
    ...selector.args.map((condition) => valueCondition(condition, places.args, places, facts)),
    ...selector.data.map((condition) => valueCondition(condition, places.data, places, facts)),
    ...selector.returnArgs.map((condition) =>
      valueCondition({ ...condition, entry: 0 }, [places.returnValue ?? 0], places, facts),
    ),
  ];
}

function refuseUnserved({
  pids,
  binaries,
  parentBinaries,
  namespaceChanges,
  capabilityChanges,
  capabilities,
  workload,
}: Selector): void {
  const following =
    pids.find(({ followForks }) => followForks) ??
    [...binaries, ...parentBinaries].find(({ followChildren }) => followChildren);
  if (following !== undefined) throw unserved(following.at, 'followForks and followChildren');
  const change = namespaceChanges[0] ?? capabilityChanges[0];
  if (change !== undefined) throw unserved(change.at, 'matchNamespaceChanges and matchCapabilityChanges');
  const inNamespace = capabilities.find(({ isNamespaceCapability }) => isNamespaceCapability);
  if (inNamespace !== undefined) throw unserved(inNamespace.at, 'isNamespaceCapability');
  if (workload !== undefined) throw unserved(workload.at, 'matchWorkloads without Kubernetes');
}

function unserved(at: PlanError['at'], what: string): PlanError {
  return new PlanError(at, `Cannot serve ${what} in this version`);
}

function process(input: ConditionInput['input'], entry = 0): ConditionInput {
  return { input, entry, other: 0 };
}

function pidCondition({ negated, values, isNamespacePid }: PidCondition): Condition {
  const input = isNamespacePid ? DimensionInput.INPUT_NAMESPACE_PID : DimensionInput.INPUT_PID;
  return { at: process(input), negated, accepted: { class: 'numbers', values: values.map(BigInt) } };
}

function namespaceCondition(
  { namespace, negated, values }: NamespaceCondition,
  facts: KernelFacts,
): Condition {
  const kind = NAMESPACE_KINDS.indexOf(namespace);
  const numbers = values.map((value) =>
    BigInt(value === 'host_ns' ? (facts.hostNamespaces[kind] ?? 0) : value),
  );
  return {
    at: process(DimensionInput.INPUT_NAMESPACE, kind),
    negated,
    accepted: { class: 'numbers', values: numbers },
  };
}

const CAPABILITY_INPUTS = {
  Effective: DimensionInput.INPUT_CAP_EFFECTIVE,
  Inheritable: DimensionInput.INPUT_CAP_INHERITABLE,
  Permitted: DimensionInput.INPUT_CAP_PERMITTED,
} as const;

function capabilityCondition({ set, negated, mask }: CapabilityCondition): Condition {
  return { at: process(CAPABILITY_INPUTS[set]), negated, accepted: { class: 'bits', mask } };
}

const STRING_CLASSES = { exact: 'strings', prefix: 'prefixes', postfix: 'postfixes' } as const;

function binaryCondition(
  { negated, match, values }: BinaryCondition,
  input: ConditionInput['input'],
): Condition {
  const accepted: Accepted = { class: STRING_CLASSES[match], values: values.map(bytesOf) };
  return { at: process(input), negated, accepted };
}

function valueCondition(
  condition: ValueCondition,
  entries: readonly number[],
  places: EntryPlaces,
  facts: KernelFacts,
): Condition {
  const entry = entries[condition.entry] ?? 0;
  const value = places.values[entry];
  if (value === undefined) throw new RangeError(`No value ${entry}`);
  const { input, other, accepted } = accept(condition, value, entries, facts);
  return { at: { input, entry, other: other ?? 0 }, negated: condition.negated, accepted };
}

interface Acceptance {
  readonly input: ConditionInput['input'];
  readonly other?: number;
  readonly accepted: Accepted;
}

function accept(
  { operand, at, operator }: ValueCondition,
  value: ValuePlan,
  entries: readonly number[],
  facts: KernelFacts,
): Acceptance {
  const input = DimensionInput.INPUT_VALUE;
  switch (operand.op) {
    case 'numbers': {
      const listed = operand.lists.flatMap((list) =>
        list.values.flatMap((name) => {
          const syscall = facts.syscallNumber(name);
          return syscall === undefined ? [] : [BigInt(syscall)];
        }),
      );
      const values = [...operand.values, ...listed].map((number) => asWord(number, value));
      return { input, accepted: { class: 'numbers', values } };
    }
    case 'ranges': {
      const ranges = operand.ranges.map(({ from, to }) => ({
        from: asWord(from, value),
        to: asWord(to, value),
      }));
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
    case 'cel':
      throw unserved(at, operator);
  }
}

const SOCKET_INPUTS = {
  protocol: DimensionInput.INPUT_PROTOCOL,
  family: DimensionInput.INPUT_FAMILY,
  state: DimensionInput.INPUT_STATE,
} as const;

/** A number as the kernel side has it: cut to the value's size, then extended by its sign. */
function asWord(number: bigint, value: ValuePlan): bigint {
  const bits = value.bitWidth > 0 ? value.bitWidth : value.bytes * 8;
  const cut = value.shown.signed ? BigInt.asIntN(bits, number) : BigInt.asUintN(bits, number);
  return BigInt.asUintN(64, cut);
}

function bytesOf(text: string): Uint8Array {
  return Buffer.from(text, 'utf8');
}
