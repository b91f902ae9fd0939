// SPDX-License-Identifier: Apache-2.0
import { styleText } from 'node:util';

export type Style = Parameters<typeof styleText>[0];

/** A piece of a line, already escaped. */
export interface Segment {
  readonly text: string;
  readonly style?: Style;
}

export function render(segments: readonly Segment[], color: boolean): string {
  return segments
    .map(({ text, style }) =>
      color && style !== undefined && text !== '' ? styleText(style, text, { validateStream: false }) : text,
    )
    .join('');
}

const NOT_ASCII = /[^\x20-\x7e]/gu;
const WIDE =
  /[\p{Emoji_Presentation}\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]/u;
const COMBINING = /\p{M}/u;

/** Columns that escaped text takes on a terminal: two for wide characters and emoji, none for combining marks. */
export function columnsOf(text: string): number {
  let columns = text.length;
  for (const [character] of text.matchAll(NOT_ASCII))
    columns += columnsOfCharacter(character) - character.length;
  return columns;
}

function columnsOfCharacter(character: string): number {
  if (character <= '~') return 1;
  if (WIDE.test(character)) return 2;
  return COMBINING.test(character) ? 0 : 1;
}

/** The text, or its beginning and `…` in as many columns as there are. */
export function shortenEnd(text: string, columns: number): string {
  return columnsOf(text) <= columns ? text : `${take(text, columns - 1)}…`;
}

/** The text, or its beginning, `…` and its end: both ends of a path say something. */
export function shortenMiddle(text: string, columns: number): string {
  if (columnsOf(text) <= columns) return text;
  const head = Math.floor((columns - 1) / 2);
  const end = take(Array.from(text).reverse(), columns - 1 - head);
  return `${take(text, head)}…${Array.from(end).reverse().join('')}`;
}

function take(characters: Iterable<string>, columns: number): string {
  let out = '';
  let left = columns;
  for (const character of characters) {
    left -= columnsOfCharacter(character);
    if (left < 0) break;
    out += character;
  }
  return out;
}
