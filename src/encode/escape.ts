// SPDX-License-Identifier: Apache-2.0

/**
 * Characters that a terminal acts upon or does not show: controls, format and bidirectional controls, zero-width and
 * other ignorable characters, line and paragraph separators, lone surrogates, and private use, which a font may draw as
 * anything.
 */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;
const HIDDEN_OR_ESCAPE = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}"\\]/gu;
/** No white space, quote, backslash or hidden character; not empty. */
const PLAIN = /^[^\s\p{Z}\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Default_Ignorable_Code_Point}"'\\]+$/u;
const PLAIN_ASCII = /^[\x21\x23-\x26\x28-\x5b\x5d-\x7e]+$/;

const SHORT = new Map([
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['"', '\\"'],
  ['\\', '\\\\'],
]);

/** The text with every hidden character written out: `\n`, `\x1b`, `\u202e`, `\u{e0041}`. */
export function escapeHidden(text: string): string {
  return text.replace(HIDDEN, escapeCharacter);
}

/**
 * A word that cannot be mistaken for two, nor for another one: as it is when it is plain, otherwise in double quotes with
 * `\` before quotes and backslashes.
 */
export function quoteWord(word: string): string {
  if (PLAIN_ASCII.test(word) || PLAIN.test(word)) return word;
  return `"${word.replace(HIDDEN_OR_ESCAPE, escapeCharacter)}"`;
}

function escapeCharacter(character: string): string {
  const short = SHORT.get(character);
  if (short !== undefined) return short;
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  if (code < 0x100) return `\\x${hex.padStart(2, '0')}`;
  return code < 0x10000 ? `\\u${hex.padStart(4, '0')}` : `\\u{${hex}}`;
}
