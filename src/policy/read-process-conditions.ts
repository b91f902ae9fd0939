// SPDX-License-Identifier: Apache-2.0
import type { Cursor } from './cursor.ts';
import type {
  BinaryCondition,
  CapabilityCondition,
  NamespaceChangeCondition,
  NamespaceCondition,
  NamespaceKind,
  PidCondition,
} from './model.ts';
import { NAMESPACE_KINDS } from './model.ts';
import { parseDecimal } from './integer.ts';
import { capabilityMask } from './operand-capability.ts';
import { ProblemCode } from './problem.ts';
import { alternatives, quote, suggest } from './quote.ts';
import type { HookScope } from './scope.ts';

/** The values of a condition; that there are none is reported. */
function valuesOf(condition: Cursor, scope: HookScope): Cursor[] {
  const values = condition.field('values');
  if (values !== undefined && values.items.length === 0)
    scope.report(
      ProblemCode.MissingField,
      values.nameAt,
      `Cannot use this filter in ${scope.title}: "values" is empty`,
      { remedy: 'Add what to compare with.' },
    );
  return values?.items ?? [];
}

function isNegated(condition: Cursor): boolean {
  return condition.textOf('operator').startsWith('Not');
}

export function readPids(field: Cursor | undefined, scope: HookScope): PidCondition[] {
  return (field?.items ?? []).map((condition) => ({
    negated: isNegated(condition),
    values: valuesOf(condition, scope).map((value) => value.number),
    isNamespacePid: condition.isOn('isNamespacePID'),
    followForks: condition.isOn('followForks'),
    at: condition.startAt,
  }));
}

/** A path begins with "/"; a file without one in memory is named "memfd:NAME". */
const PATH = /^(\/|memfd:)/;

export function readBinaries(field: Cursor | undefined, scope: HookScope): BinaryCondition[] {
  return (field?.items ?? []).map((condition) => {
    const operator = condition.textOf('operator').replace(/^Not/, '');
    const match = operator === 'In' ? 'exact' : operator === 'Prefix' ? 'prefix' : 'postfix';
    const followChildren = condition.isOn('followChildren');
    if (followChildren && match !== 'exact')
      scope.report(
        ProblemCode.Conflict,
        condition.field('followChildren')?.nameAt ?? condition.startAt,
        `Cannot use followChildren with ${condition.textOf('operator')} in ${scope.title}: expected In or NotIn`,
      );
    const values = valuesOf(condition, scope).map((value) => {
      const empty = match === 'postfix' && value.text === '';
      if (empty || (match !== 'postfix' && !PATH.test(value.text)))
        scope.report(
          ProblemCode.Value,
          value.at,
          `Cannot use ${quote(value.text)} as the path of a binary in ${scope.title}: expected ${empty ? 'at least one character' : 'an absolute path'}`,
          empty || value.text === '' ? {} : { remedy: 'Postfix compares the end of a path.' },
        );
      return value.text;
    });
    return { negated: isNegated(condition), match, values, followChildren, at: condition.startAt };
  });
}

export function readNamespaces(field: Cursor | undefined, scope: HookScope): NamespaceCondition[] {
  return (field?.items ?? []).map((condition) => ({
    namespace: condition.textOf('namespace') as NamespaceKind,
    negated: isNegated(condition),
    values: valuesOf(condition, scope).flatMap((value): (number | 'host_ns')[] => {
      if (value.text === 'host_ns') return ['host_ns'];
      const inode = parseDecimal(value.text);
      if (inode !== undefined && inode >= 0n && inode < 2n ** 32n) return [Number(inode)];
      scope.report(
        ProblemCode.Value,
        value.at,
        `Cannot use ${quote(value.text)} in matchNamespaces of ${scope.title}: expected an inode number or host_ns`,
        suggest(value.text, ['host_ns']),
      );
      return [];
    }),
    at: condition.startAt,
  }));
}

export function readNamespaceChanges(
  field: Cursor | undefined,
  scope: HookScope,
): NamespaceChangeCondition[] {
  return (field?.items ?? []).map((condition) => ({
    negated: isNegated(condition),
    values: valuesOf(condition, scope).flatMap((value) => {
      const kind = NAMESPACE_KINDS.find((name) => name.toLowerCase() === value.text.toLowerCase());
      if (kind !== undefined) return [kind];
      scope.report(
        ProblemCode.Value,
        value.at,
        `Cannot use ${quote(value.text)} in matchNamespaceChanges of ${scope.title}: expected ${alternatives(NAMESPACE_KINDS)}`,
        suggest(value.text, NAMESPACE_KINDS),
      );
      return [];
    }),
    at: condition.startAt,
  }));
}

export function readCapabilities(field: Cursor | undefined, scope: HookScope): CapabilityCondition[] {
  return (field?.items ?? []).map((condition) => ({
    set: condition.textOf('type') as CapabilityCondition['set'],
    negated: isNegated(condition),
    isNamespaceCapability: condition.isOn('isNamespaceCapability'),
    mask: capabilityMask(valuesOf(condition, scope), (value, expected, more) =>
      scope.report(
        ProblemCode.Value,
        value.at,
        `Cannot use ${quote(value.text)} as a capability in ${scope.title}: expected ${expected}`,
        more,
      ),
    ),
    at: condition.startAt,
  }));
}
