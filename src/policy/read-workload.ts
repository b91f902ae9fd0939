// SPDX-License-Identifier: Apache-2.0
import type { Cursor } from './cursor.ts';
import type { LabelSelector, Workload } from './model.ts';
import { ProblemCode } from './problem.ts';
import { alternatives, quote, suggest } from './quote.ts';
import type { Report } from './scope.ts';

/** What containers are selected by: their name, and the repository of their image. */
const CONTAINER_FIELDS = ['name', 'repo'];

/** Reads podSelector, containerSelector and hostSelector of a policy or of matchWorkloads. */
export function readWorkload(cursor: Cursor, report: Report): Workload {
  return {
    podSelector: readLabelSelector(cursor.field('podSelector'), report),
    containerSelector: readLabelSelector(cursor.field('containerSelector'), report, CONTAINER_FIELDS),
    host: cursor.field('hostSelector') !== undefined,
    at: cursor.nameAt,
  };
}

/** Reads a selector over labels; `known` are the only names it can have. */
export function readLabelSelector(
  cursor: Cursor | undefined,
  report: Report,
  known?: readonly string[],
): LabelSelector | undefined {
  if (cursor?.sound !== true) return undefined;
  const labels = cursor.field('matchLabels');
  const matchLabels = new Map<string, string>();
  for (const name of labels?.names ?? []) {
    const value = labels?.field(name);
    if (value === undefined) continue;
    checkName(name, value.nameAt);
    matchLabels.set(name, value.text);
  }
  return { matchLabels, matchExpressions: cursor.list('matchExpressions').map(readExpression) };

  function readExpression(expression: Cursor): LabelSelector['matchExpressions'][number] {
    const key = expression.textOf('key');
    const operator = expression.textOf('operator') as LabelSelector['matchExpressions'][number]['operator'];
    const values = expression.textsOf('values');
    const needsValues = operator === 'In' || operator === 'NotIn';
    checkName(key, expression.field('key')?.at ?? expression.startAt);
    if (needsValues !== values.length > 0)
      report(
        needsValues ? ProblemCode.MissingField : ProblemCode.Conflict,
        (needsValues ? undefined : expression.field('values'))?.nameAt ?? expression.startAt,
        `Cannot use ${operator} on label ${quote(key)}: ${needsValues ? '"values" is missing or empty' : 'it takes no values'}`,
        { remedy: needsValues ? 'Add what to compare with.' : 'Delete them.' },
      );
    return { key, operator, values };
  }

  function checkName(name: string, at: Cursor['at']): void {
    if (name === '')
      report(ProblemCode.Value, at, 'Cannot use a label: its name is empty', { remedy: 'Give it one.' });
    else if (known?.includes(name) === false)
      report(
        ProblemCode.Reference,
        at,
        `Cannot select containers by ${quote(name)}: expected ${alternatives(known)}`,
        suggest(name, known),
      );
  }
}
