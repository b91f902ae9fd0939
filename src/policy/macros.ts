// SPDX-License-Identifier: Apache-2.0
import type { Cursor } from './cursor.ts';
import { ProblemCode } from './problem.ts';
import { alternatives, quote, suggest } from './quote.ts';
import type { PolicyScope } from './scope.ts';

/** A selector with its macros: a field comes from whichever of them has it. */
export interface Parts {
  /** the part that has the field; undefined when none has */
  readonly withField: (name: string) => Cursor | undefined;
}

/**
 * Finds the macros that a selector names. Unknown names, names that stand twice, and a field that two parts have are
 * reported: conditions of one kind are not joined.
 */
export function expandMacros(selector: Cursor, scope: PolicyScope): Parts {
  const parts = [selector];
  const seen = new Set<string>();
  for (const name of selector.list('macros')) {
    const macro = scope.macros.get(name.text);
    const { report } = scope;
    if (macro === undefined) {
      const names = [...scope.macros.keys()];
      const known =
        names.length === 0
          ? 'Add it to spec.selectorsMacros.'
          : `The macros are ${alternatives(names.map(quote))}.`;
      report(
        ProblemCode.Reference,
        name.at,
        `Cannot use macro ${quote(name.text)}: no such name in spec.selectorsMacros`,
        suggest(name.text, names, known),
      );
    } else if (seen.has(name.text)) {
      report(ProblemCode.Duplicate, name.at, `Cannot use macro ${quote(name.text)} twice in one selector`, {
        remedy: 'Delete one of them.',
      });
    } else {
      const twice = macro.names.find(
        (field) => hasField(macro, field) && parts.some((part) => hasField(part, field)),
      );
      if (twice === undefined) parts.push(macro);
      else
        report(
          ProblemCode.Conflict,
          name.at,
          `Cannot use macro ${quote(name.text)}: ${twice} stands in the selector or another macro already`,
          { remedy: 'Keep one of them: conditions of one kind are not joined.' },
        );
    }
    seen.add(name.text);
  }
  return {
    withField: (name) =>
      parts.find((part) => hasField(part, name) || (name === 'label' && part.textOf(name) !== '')),
  };
}

/** A sequence without items counts as absent. A label may stand in both; the selector's own one goes first. */
function hasField(part: Cursor, name: string): boolean {
  const field = part.field(name);
  if (field === undefined || name === 'label' || name === 'macros') return false;
  return !Array.isArray(field.data) || field.data.length > 0;
}

/** The macros of a policy by name; one that names macros itself is reported. */
export function readMacros(spec: Cursor, report: PolicyScope['report']): Map<string, Cursor> {
  const macros = new Map<string, Cursor>();
  const field = spec.field('selectorsMacros');
  for (const name of field?.names ?? []) {
    const macro = field?.field(name);
    if (macro === undefined) continue;
    macros.set(name, macro);
    const nested = macro.field('macros');
    if (nested !== undefined && nested.items.length > 0)
      report(
        ProblemCode.Conflict,
        nested.nameAt,
        `Cannot use macros in macro ${quote(name)}: macros do not nest`,
        { remedy: 'Write its conditions out.' },
      );
  }
  return macros;
}
