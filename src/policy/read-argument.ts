// SPDX-License-Identifier: Apache-2.0
import type { SourcePosition } from '../base/source-position.ts';
import { foldType } from './argument-types.ts';
import { checkArgument } from './check-argument.ts';
import type { Cursor } from './cursor.ts';
import type { Argument } from './model.ts';
import { ProblemCode } from './problem.ts';
import { quote } from './quote.ts';
import type { ArgumentScope, Role } from './scope.ts';

/** Reads an argument; what it cannot be on this hook is reported, and it is returned all the same. */
export function readArgument(cursor: Cursor, role: Role, scope: ArgumentScope): Argument {
  const sizeArgIndex = cursor.field('sizeArgIndex')?.number ?? 0;
  const spelling = cursor.textOf('type');
  const argument: Argument = {
    index: cursor.field('index')?.number ?? 0,
    type: foldType(spelling),
    spelling,
    source: readSource(cursor, role, scope),
    resolve: cursor.textOf('resolve'),
    btfType: cursor.optionalText('btfType'),
    btfTypeModule: cursor.optionalText('btfTypeModule'),
    sizeArgument: sizeArgIndex === 0 ? undefined : sizeArgIndex - 1,
    returnCopy: cursor.isOn('returnCopy'),
    maxData: cursor.isOn('maxData'),
    label: cursor.optionalText('label'),
    at: cursor.startAt,
    fieldAt: {
      index: placeOf(cursor, 'index'),
      type: placeOf(cursor, 'type'),
      resolve: placeOf(cursor, 'resolve'),
    },
  };
  checkArgument(argument, cursor, role, scope);
  return argument;
}

function placeOf(cursor: Cursor, name: string): SourcePosition {
  const field = cursor.field(name);
  return field?.written === true ? field.at : cursor.startAt;
}

function readSource(cursor: Cursor, role: Role, { report, kind, title }: ArgumentScope): Argument['source'] {
  const source = cursor.field('source');
  const name = source?.text ?? '';
  if (role === 'data') {
    if (name === 'current_task' || name === 'pt_regs') return name;
    if (source === undefined)
      report(
        ProblemCode.MissingField,
        cursor.startAt,
        `Cannot read this data in ${title}: field "source" is missing`,
        { remedy: 'Add "source: current_task" or "source: pt_regs".' },
      );
    else
      report(
        ProblemCode.Value,
        source.at,
        `Cannot use source ${quote(name)} in ${title}: expected current_task or pt_regs`,
      );
    return 'current_task';
  }
  if (name === '' || source === undefined) return 'argument';
  // An LSM hook has no data; Tetragon reads the task through its arguments.
  if (name === 'current_task' && kind === 'lsm') return name;
  const hasData = kind === 'kprobe' || kind === 'fentry' || kind === 'uprobe';
  report(
    ProblemCode.Conflict,
    source.at,
    `Cannot use source ${quote(name)} in ${role} of ${title}: an argument comes from the hook itself`,
    { remedy: hasData ? 'Move the entry to "data".' : 'Delete it.' },
  );
  return 'argument';
}
