// SPDX-License-Identifier: Apache-2.0
import type { Cursor } from './cursor.ts';
import type { PolicyOptions } from './model.ts';
import { ProblemCode } from './problem.ts';
import { alternatives, quote, suggest } from './quote.ts';
import type { Report } from './scope.ts';

const BOOLEANS = new Map<string, boolean>([
  ...['1', 't', 'T', 'true', 'TRUE', 'True'].map((text) => [text, true] as const),
  ...['0', 'f', 'F', 'false', 'FALSE', 'False'].map((text) => [text, false] as const),
]);

/** What each option takes, for messages. */
export const OPTIONS: Readonly<Record<string, string>> = {
  'disable-kprobe-multi': 'true or false',
  'disable-uprobe-multi': 'true or false',
  'policy-mode': 'enforce or monitor',
  'override-method': 'fmod-ret or override-return',
  'sleepable-preload-size': 'a number above 0',
};

/** Reads spec.options. Unknown ones are refused, with the nearest name. */
export function readOptions(spec: Cursor, report: Report): PolicyOptions {
  const texts = new Map<string, string>();
  for (const cursor of spec.list('options').filter(({ sound }) => sound)) {
    const name = cursor.textOf('name');
    const at = cursor.field('name')?.at ?? cursor.startAt;
    const names = Object.keys(OPTIONS);
    const value = cursor.textOf('value');
    if (!Object.hasOwn(OPTIONS, name))
      report(
        ProblemCode.Reference,
        at,
        `Cannot use option ${quote(name)}: no such option`,
        suggest(name, names, `The options are ${alternatives(names)}.`),
      );
    else if (texts.has(name))
      report(ProblemCode.Duplicate, at, `Cannot set option ${quote(name)} twice`, {
        remedy: 'Delete one of them.',
      });
    else if (accepts(name, value)) texts.set(name, value);
    else
      report(
        ProblemCode.Value,
        cursor.field('value')?.at ?? at,
        `Cannot use ${quote(value)} as option ${quote(name)}: expected ${OPTIONS[name] ?? ''}`,
      );
  }
  const size = texts.get('sleepable-preload-size');
  return {
    disableKprobeMulti: BOOLEANS.get(texts.get('disable-kprobe-multi') ?? '') ?? false,
    disableUprobeMulti: BOOLEANS.get(texts.get('disable-uprobe-multi') ?? '') ?? false,
    mode: texts.get('policy-mode') as PolicyOptions['mode'],
    overrideMethod: texts.get('override-method') as PolicyOptions['overrideMethod'],
    ...(size !== undefined && { sleepablePreloadSize: Number(size) }),
  };
}

function accepts(name: string, value: string): boolean {
  switch (name) {
    case 'policy-mode':
      return value === 'enforce' || value === 'monitor';
    case 'override-method':
      return value === 'fmod-ret' || value === 'override-return';
    case 'sleepable-preload-size':
      return /^\+?0*[1-9][0-9]{0,9}$/.test(value);
    default:
      return BOOLEANS.has(value);
  }
}
