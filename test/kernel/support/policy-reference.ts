// SPDX-License-Identifier: Apache-2.0
/**
 * What a policy's selectors say of an event, written down as plainly as it can be: the standard that the plan and the
 * kernel side are held against. It shares nothing with src/plan/ but the model, and expressions with its tests.
 */
import { evaluateCel } from '../../../src/plan/cel-testing.ts';
import type { CelNode } from '../../../src/policy/cel-node.ts';
import type { NamespaceKind, Operand, Policy, Selector, TracepointHook } from '../../../src/policy/model.ts';

/** A value as the policy's type makes it. Texts are of one character per byte. */
export type EventValue =
  | { readonly kind: 'number'; readonly number: bigint }
  | { readonly kind: 'text'; readonly text: string }
  /** there was more than a value can hold; this is its beginning */
  | { readonly kind: 'cut'; readonly text: string }
  | { readonly kind: 'unreadable' }
  | { readonly kind: 'missing' };

export interface EventProcess {
  readonly pid: number;
  /** 0 in the initial namespace */
  readonly namespacePid: number;
  /** undefined when there is none: no rule that names or excludes binaries matches */
  readonly binary: string | undefined;
  readonly parentBinary: string | undefined;
  readonly namespaces: Readonly<Record<NamespaceKind, number>>;
  readonly hostNamespaces: Readonly<Record<NamespaceKind, number>>;
  readonly capabilities: Readonly<Record<'Effective' | 'Inheritable' | 'Permitted', bigint>>;
}

/** An event as one hook entry of one policy sees it. */
export interface PolicyEvent {
  readonly args: readonly EventValue[];
  readonly data: readonly EventValue[];
  readonly process: EventProcess;
}

/** What a condition comes to when what it looks at is not known. */
type Verdict = boolean | 'unknown';

/** PROC_USER_INIT_INO, include/linux/proc_ns.h */
const INITIAL_USER_NAMESPACE = 0xefff_fffd;

/** Position of the first selector that matches; undefined when none does. A hook without selectors has one that always does. */
export function firstMatch(policy: Policy, hook: TracepointHook, event: PolicyEvent): number | undefined {
  const unknownMatches = policy.extensions.get('on-unreadable') !== 'no-match';
  if (hook.selectors.length === 0) return 0;
  const index = hook.selectors.findIndex((selector) =>
    verdicts(selector, event).every((verdict) => (verdict === 'unknown' ? unknownMatches : verdict)),
  );
  return index < 0 ? undefined : index;
}

function verdicts(selector: Selector, { args, data, process }: PolicyEvent): Verdict[] {
  const turned = (verdict: Verdict, negated: boolean): Verdict =>
    verdict === 'unknown' ? verdict : verdict !== negated;
  const valueVerdict =
    (values: readonly EventValue[]) =>
    ({ entry, operand, negated }: Selector['args'][number]): Verdict =>
      turned(
        operand.op === 'cel' ? truth(operand.expression, values) : holds(operand, values[entry], values),
        negated,
      );
  const binaryVerdict =
    (path: string | undefined) =>
    ({ match, values, negated }: Selector['binaries'][number]): Verdict =>
      path !== undefined && values.some((value) => compare(match, path, value)) !== negated;
  return [
    ...selector.pids.map(({ values, isNamespacePid, negated }) =>
      turned(values.includes(isNamespacePid ? process.namespacePid : process.pid), negated),
    ),
    ...selector.namespaces.map(({ namespace, values, negated }) => {
      const numbers = values.map((value) =>
        value === 'host_ns' ? process.hostNamespaces[namespace] : value,
      );
      return turned(numbers.includes(process.namespaces[namespace]), negated);
    }),
    ...selector.capabilities.map(({ set, mask, negated }) =>
      turned((process.capabilities[set] & mask) !== 0n, negated),
    ),
    ...selector.capabilities.map(
      ({ isNamespaceCapability }) =>
        !isNamespaceCapability || process.namespaces.User !== INITIAL_USER_NAMESPACE,
    ),
    ...selector.binaries.map(binaryVerdict(process.binary)),
    ...selector.parentBinaries.map(binaryVerdict(process.parentBinary)),
    ...selector.args.map(valueVerdict(args)),
    ...selector.data.map(valueVerdict(data)),
  ];
}

/** Of an expression: its arguments are what their types in expressions can hold of the values. */
function truth(expression: CelNode, values: readonly EventValue[]): Verdict {
  const numbers = values.map((value) => (value.kind === 'number' ? value.number : undefined));
  const result = evaluateCel(expression, numbers);
  return result === 'unknown' ? result : result === 1n;
}

/** Before any negation. A missing value is in no set. */
function holds(operand: Operand, value: EventValue | undefined, values: readonly EventValue[]): Verdict {
  if (value === undefined) throw new RangeError('A condition names an entry that the hook does not have');
  if (value.kind === 'unreadable') return 'unknown';
  if (value.kind === 'missing') return false;
  if (value.kind === 'number') {
    const { number } = value;
    switch (operand.op) {
      case 'numbers':
        return operand.values.includes(number);
      case 'ranges':
        return operand.ranges.some(({ from, to }) => from <= number && number <= to);
      case 'mask':
        return operand.values.some((mask) => (number & mask) !== 0n);
      case 'capabilitiesGained': {
        const old = values[operand.against];
        return old?.kind === 'number' ? (number & ~old.number) !== 0n : 'unknown';
      }
      default:
        throw new RangeError(`No number has ${operand.op}`);
    }
  }
  if (operand.op !== 'strings') throw new RangeError(`No text has ${operand.op}`);
  const { match, ignoreCase } = operand;
  const is = (text: string): boolean =>
    operand.values.some((wanted) => compare(match, text, bytesOf(wanted), ignoreCase));
  if (value.kind === 'text') return is(value.text);
  // Of the beginning of a text one knows how it begins, and what is in it already.
  if (match === 'prefix') return is(value.text);
  return match === 'substring' && is(value.text) ? true : 'unknown';
}

type Match = Extract<Operand, { op: 'strings' }>['match'];

function compare(match: Match, text: string, wanted: string, ignoreCase = false): boolean {
  switch (match) {
    case 'exact':
      return text === wanted;
    case 'prefix':
      return text.startsWith(wanted);
    case 'postfix':
      return text.endsWith(wanted);
    case 'substring':
      return ignoreCase ? lower(text).includes(lower(wanted)) : text.includes(wanted);
  }
}

function lower(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

function bytesOf(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}
