// SPDX-License-Identifier: Apache-2.0
import { didYouMean } from '../base/nearest-name.ts';

/** Longer texts are shortened in messages. */
const SHOWN = 80;
/** A name longer than this is no misspelling of ours, and comparing it costs its length times that of each candidate. */
const LONGEST_NAME = 64;
/** What JSON leaves as it is although a terminal does not show it. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** A value in double quotes, shortened, with every character that a terminal would act upon written out. */
export function quote(text: string): string {
  const shown = text.length > SHOWN ? `${text.slice(0, SHOWN - 1)}…` : text;
  return JSON.stringify(shown).replace(HIDDEN, (character) => {
    const hex = (character.codePointAt(0) ?? 0).toString(16);
    return hex.length > 4 ? `\\u{${hex}}` : `\\u${hex.padStart(4, '0')}`;
  });
}

/** `a, b or c` */
export function alternatives(names: readonly string[]): string {
  const last = names.at(-1) ?? '';
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} or ${last}`;
}

/** ` Did you mean "x"?` as a sentence, or else what there is, as a sentence. */
export function suggest(name: string, candidates: Iterable<string>, otherwise?: string): { remedy?: string } {
  const remedy = (name.length > LONGEST_NAME ? undefined : didYouMean(name, candidates)) ?? otherwise;
  return remedy === undefined ? {} : { remedy };
}
