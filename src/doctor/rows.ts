// SPDX-License-Identifier: Apache-2.0
const INDENT = '  ';

/** Rows of a label and a text: labels padded to the widest, texts wrapped at words to the width and aligned. */
export function rows(lines: readonly (readonly string[])[], width: number): string {
  const column = Math.max(0, ...lines.map(([label = '']) => label.length));
  const room = Math.max(20, width - column - 2 * INDENT.length);
  return lines
    .flatMap(([label = '', text = '']) =>
      wrap(text, room).map(
        (piece, index) => `${INDENT}${(index === 0 ? label : '').padEnd(column)}${INDENT}${piece}`,
      ),
    )
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
}

/** A word that is wider than the room stands alone and sticks out. */
function wrap(text: string, room: number): string[] {
  const hanging = text.startsWith('- ') ? '  ' : '';
  const pieces: string[] = [];
  for (const word of text.split(' ')) {
    const last = pieces.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= room)
      pieces[pieces.length - 1] = `${last} ${word}`;
    else pieces.push(pieces.length === 0 ? word : `${hanging}${word}`);
  }
  return pieces;
}
