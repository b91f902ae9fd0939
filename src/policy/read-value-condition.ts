// SPDX-License-Identifier: Apache-2.0
import { valueClass } from './argument-types.ts';
import { CEL_LANGUAGE, CelProblem, parseCelExpression } from './cel-expression.ts';
import type { Cursor } from './cursor.ts';
import type { Argument, Operand, ValueCondition } from './model.ts';
import { parseOperand } from './operand.ts';
import type { Operator } from './operators.ts';
import { OPERATORS, operatorsFor, takes } from './operators.ts';
import { ProblemCode } from './problem.ts';
import { alternatives, quote } from './quote.ts';
import type { FilterTarget } from './filter-target.ts';
import { findEntries } from './filter-target.ts';
import type { HookScope } from './scope.ts';
import type { ValueScope } from './value-scope.ts';

/** Reads an item of matchArgs, matchData or matchReturnArgs; undefined, and reported, when it cannot be used. */
export function readValueCondition(
  cursor: Cursor,
  target: FilterTarget,
  scope: HookScope,
): ValueCondition | undefined {
  const name = cursor.textOf('operator');
  const operator = OPERATORS[name];
  if (operator === undefined) return undefined;
  const condition = { operator: name, negated: operator.negated, at: cursor.startAt };
  if (operator.comparison === 'cel') {
    const operand = celOperand(cursor, target, scope);
    return operand === undefined ? undefined : { ...condition, entry: 0, operand };
  }
  const [first, second] = findEntries(cursor, target, operator, scope);
  // CapabilitiesGained names the old set first: Tetragon's program takes it so, although its message has it the other way.
  const [entry, against] = second === undefined ? [first] : [second, first];
  const argument = entry === undefined ? undefined : target.entries[entry];
  if (entry === undefined || argument === undefined) return undefined;
  if (!checkOperator(cursor, operator, argument, scope)) return undefined;
  const operand =
    operator.comparison === 'capabilitiesGained'
      ? gainedOperand(cursor, target, against, scope)
      : readOperand(cursor, operator, argument, scope);
  return operand === undefined ? undefined : { ...condition, entry, operand };
}

function checkOperator(cursor: Cursor, operator: Operator, argument: Argument, scope: HookScope): boolean {
  const value = valueClass(argument.type);
  if (takes(value, operator)) return true;
  const names = operatorsFor(value);
  scope.report(
    ProblemCode.Operator,
    cursor.field('operator')?.at ?? cursor.startAt,
    `Cannot use operator ${quote(cursor.textOf('operator'))} on type "${argument.spelling}" in ${scope.title}: ` +
      (names.length === 0 ? 'it has no filters' : `expected ${alternatives(names)}`),
    names.length === 0 ? { remedy: 'Filter another argument.' } : {},
  );
  return false;
}

function readOperand(
  cursor: Cursor,
  operator: Operator,
  argument: Argument,
  scope: HookScope,
): Operand | undefined {
  const name = cursor.textOf('operator');
  const values = cursor.list('values');
  const needsNone = operator.comparison === 'privilegedPort';
  if ((values.length === 0) !== needsNone) {
    scope.report(
      needsNone ? ProblemCode.Conflict : ProblemCode.MissingField,
      (values.length === 0 ? undefined : cursor.field('values'))?.nameAt ?? cursor.startAt,
      `Cannot use operator ${quote(name)} in ${scope.title}: ${needsNone ? 'it takes no values' : '"values" is missing or empty'}`,
      { remedy: needsNone ? 'Delete them.' : 'Add what to compare with.' },
    );
    return undefined;
  }
  const valueScope: ValueScope = {
    lists: scope.lists,
    refuse: (value, expected, more) =>
      scope.report(
        ProblemCode.Value,
        value.at,
        `Cannot use ${quote(value.text)} with ${name} on type "${argument.spelling}" in ${scope.title}: expected ${expected}`,
        more,
      ),
  };
  return parseOperand(operator, valueClass(argument.type), values, valueScope);
}

function gainedOperand(
  cursor: Cursor,
  target: FilterTarget,
  against: number | undefined,
  scope: HookScope,
): Operand | undefined {
  const other = against === undefined ? undefined : target.entries[against];
  if (against === undefined || other === undefined) return undefined;
  const report = (at: Cursor['at'], reason: string, remedy: string): void => {
    scope.report(ProblemCode.Operator, at, `Cannot use CapabilitiesGained in ${scope.title}: ${reason}`, {
      remedy,
    });
  };
  if (cursor.list('values').length > 0) {
    report(cursor.field('values')?.nameAt ?? cursor.startAt, 'it takes no values', 'Delete them.');
    return;
  }
  if (valueClass(other.type).of !== 'capabilities') {
    report(
      cursor.field('args')?.at ?? cursor.startAt,
      `type "${other.spelling}" is no set of capabilities`,
      'Name the entries with the old and the new set.',
    );
    return;
  }
  return { op: 'capabilitiesGained', against };
}

function celOperand(cursor: Cursor, target: FilterTarget, scope: HookScope): Operand | undefined {
  const report = (at: Cursor['at'], reason: string, remedy?: string): void => {
    scope.report(ProblemCode.Cel, at, `Cannot use the CelExpr in ${scope.title}: ${reason}`, {
      remedy: remedy ?? `Expressions have ${CEL_LANGUAGE}.`,
    });
  };
  const at = cursor.field('operator')?.at ?? cursor.startAt;
  if (target.field !== 'matchArgs') {
    report(at, 'it names arguments', 'Move it to matchArgs.');
    return;
  }
  for (const name of ['index', 'args']) {
    const position = cursor.field(name);
    if (position !== undefined && !(name === 'index' && position.number === 0)) {
      report(position.nameAt, `it names its arguments itself, so "${name}" has no effect`, 'Delete it.');
      return;
    }
  }
  const values = cursor.list('values');
  const [value] = values;
  if (value === undefined || values.length > 1) {
    report(values[1]?.at ?? at, `it has ${values.length} values`, 'Write one expression.');
    return;
  }
  try {
    const expression = parseCelExpression(value.text, target.entries);
    return { op: 'cel', expression, at: value.at };
  } catch (error) {
    if (!(error instanceof CelProblem)) throw error;
    report(value.atCharacter(error.offset), error.message);
    return;
  }
}
