// SPDX-License-Identifier: Apache-2.0
import { quote } from './quote.ts';
import type { ScalarValue } from './yaml-scalar.ts';
import { resolvePlain } from './yaml-scalar.ts';

/** The tag of a node without the prefix of YAML's own types; undefined without a tag. `!` alone makes a text. */
export function tagName(text: string, event: { tagStart: number; tagEnd: number }): string | undefined {
  if (event.tagStart < 0) return undefined;
  const tag = text.slice(event.tagStart, event.tagEnd);
  return tag === '!' ? 'str' : tag.replace(/^(!!|!<tag:yaml\.org,2002:(?=.*>$))/, '').replace(/>$/, '');
}

/** A scalar with a tag of YAML's own types; others, and texts that are not of the type, are refused. */
export function resolveTagged(tag: string, text: string, report: (message: string) => void): ScalarValue {
  if (tag === 'str') return text;
  const value = resolvePlain(text);
  const fits: Record<string, boolean> = {
    int: typeof value === 'bigint',
    float: typeof value === 'bigint' || typeof value === 'number',
    bool: typeof value === 'boolean',
    null: value === null,
    timestamp: typeof value === 'string',
  };
  if (fits[tag] === undefined)
    report(`Cannot use the tag ${quote(tag)} here: policies have no tags of their own`);
  else if (!fits[tag]) report(`Cannot read ${quote(text)} as ${tag}`);
  return value;
}
