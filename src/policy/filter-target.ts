// SPDX-License-Identifier: Apache-2.0
import type { Cursor } from './cursor.ts';
import type { Argument } from './model.ts';
import type { Operator } from './operators.ts';
import { ProblemCode } from './problem.ts';
import type { HookScope } from './scope.ts';

/** What a filter's field compares. */
export interface FilterTarget {
  readonly field: 'matchArgs' | 'matchData' | 'matchReturnArgs';
  readonly entries: readonly Argument[];
  /** what the policy calls them */
  readonly noun: string;
}

/**
 * The entries that a filter names: by `args`, their places in the file, or by `index`, the position in the function (in
 * matchData the place in `data`), 0 without. Both may stand if they name the same. Reported, and none, when there is no
 * such entry.
 */
export function findEntries(
  cursor: Cursor,
  target: FilterTarget,
  operator: Operator,
  scope: HookScope,
): number[] {
  const places = cursor.list('args');
  const needed = operator.comparison === 'capabilitiesGained' ? 2 : 1;
  if (places.length === 0 && needed === 1) return byIndex(cursor, target, scope);
  if (places.length !== needed) {
    scope.report(
      ProblemCode.Operator,
      places[needed]?.at ?? cursor.field('args')?.at ?? cursor.startAt,
      `Cannot use ${cursor.textOf('operator')} in ${scope.title} with ${places.length} args: expected ${needed}` +
        (needed === 2 ? ', the old and the new set' : ''),
    );
    return [];
  }
  const unknown = places.find(({ number }) => target.entries[number] === undefined);
  if (unknown !== undefined) {
    reportMissing(unknown, 'entry', target, scope);
    return [];
  }
  const index = cursor.field('index');
  const [first] = places;
  if (index !== undefined && first !== undefined && target.entries[first.number]?.index !== index.number) {
    scope.report(
      ProblemCode.Conflict,
      index.nameAt,
      `Cannot use both "args" and "index" in ${target.field} of ${scope.title}: they name different arguments`,
      { remedy: 'Delete one of them.' },
    );
    return [];
  }
  return places.map(({ number }) => number);
}

function byIndex(cursor: Cursor, target: FilterTarget, scope: HookScope): number[] {
  const field = cursor.field('index');
  const index = field?.number ?? 0;
  const entry =
    target.field === 'matchData' ? index : target.entries.findIndex((argument) => argument.index === index);
  if (target.entries[entry] !== undefined) return [entry];
  // Tetragon takes an index that is no field of the tracepoint for a place in the file, and its examples rely on it.
  if (scope.kind === 'tracepoint' && target.entries[index] !== undefined) return [index];
  reportMissing(field ?? cursor, 'index', target, scope);
  return [];
}

function reportMissing(at: Cursor, wanted: 'index' | 'entry', target: FilterTarget, scope: HookScope): void {
  const { field, entries, noun } = target;
  const positions = entries.map((argument, entry) => (field === 'matchData' ? entry : argument.index));
  const known = wanted === 'entry' ? [...entries.keys()] : [...new Set(positions)];
  scope.report(
    ProblemCode.Reference,
    typeof at.data === 'number' ? at.at : at.startAt,
    `Cannot filter ${wanted} ${typeof at.data === 'number' ? at.data : 0} in ${field} of ${scope.title}: ` +
      (known.length === 0 ? `the hook has no ${noun}` : `${noun} has ${known.join(', ')}`),
    { remedy: field === 'matchReturnArgs' ? 'Write the index of returnArg.' : `Add it to "${noun}".` },
  );
}
