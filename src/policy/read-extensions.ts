// SPDX-License-Identifier: Apache-2.0
import type { Cursor } from './cursor.ts';
import { ProblemCode } from './problem.ts';
import { alternatives, quote, suggest } from './quote.ts';
import type { Report } from './scope.ts';

/** Annotations of ours are `merlon.dev/NAME`. */
const PREFIX = 'merlon.dev/';

/** What each accepts, by NAME. */
const EXTENSIONS: Readonly<Record<string, readonly string[]>> = {
  'accept-weaker': ['true', 'false'],
  'match-inode': ['true', 'false'],
  'on-unreadable': ['match', 'no-match'],
};

/** The annotations of ours by NAME. One that this version does not know, or whose value means nothing, is reported. */
export function readExtensions(metadata: Cursor | undefined, report: Report): Map<string, string> {
  const annotations = metadata?.field('annotations');
  const extensions = new Map<string, string>();
  for (const annotation of annotations?.names ?? []) {
    const value = annotations?.field(annotation);
    if (!annotation.startsWith(PREFIX) || value === undefined) continue;
    const name = annotation.slice(PREFIX.length);
    const accepted = Object.hasOwn(EXTENSIONS, name) ? EXTENSIONS[name] : undefined;
    if (accepted === undefined)
      report(
        ProblemCode.Metadata,
        value.nameAt,
        `Cannot use annotation ${quote(annotation)}: there is none of that name`,
        suggest(
          annotation,
          Object.keys(EXTENSIONS).map((known) => `${PREFIX}${known}`),
          `There are ${alternatives(Object.keys(EXTENSIONS)).replace(' or ', ' and ')}.`,
        ),
      );
    else if (!accepted.includes(value.text))
      report(
        ProblemCode.Value,
        value.at,
        `Cannot use ${quote(value.text)} as annotation "${annotation}": expected ${alternatives(accepted.map((each) => `"${each}"`))}`,
        suggest(value.text, accepted),
      );
    else extensions.set(name, value.text);
  }
  return extensions;
}
