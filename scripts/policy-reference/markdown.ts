// SPDX-License-Identifier: Apache-2.0
/** Parts of a Markdown page. */

export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(heads), `|${'---|'.repeat(heads.length)}`, ...rows.map(line)].join('\n');
}

export function code(text: string): string {
  return `\`${text}\``;
}

/** Each as code, joined by commas. */
export function codes(texts: readonly string[]): string {
  return texts.map(code).join(', ');
}

/** What GitHub makes of a heading for links: lower case, without punctuation, blanks as dashes. */
export function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');
}

/** Texts in table cells end at a bar. */
export function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
