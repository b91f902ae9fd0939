// SPDX-License-Identifier: Apache-2.0
import type { SourcePosition } from '../base/source-position.ts';

/** A file's text with the beginnings of its lines, so that a position costs the same wherever it stands. */
export class SourceText {
  readonly file: string;
  readonly text: string;
  #starts: number[] | undefined;

  /** A byte order mark is dropped. */
  constructor(file: string, text: string) {
    this.file = file;
    this.text = text.replace(/^\uFEFF/, '');
  }

  /** As sourcePosition() of src/base/, which counts the lines anew each time. */
  at(offset: number): SourcePosition {
    const starts = (this.#starts ??= lineStarts(this.text));
    const line = lastAtMost(starts, offset);
    const start = starts[line] ?? 0;
    const end = starts[line + 1];
    return {
      file: this.file,
      line: line + 1,
      column: offset - start + 1,
      text: this.text.slice(start, end === undefined ? undefined : end - 1).replace(/\r$/, ''),
    };
  }
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

/** Index of the last of the ascending numbers that is not above `limit`. */
function lastAtMost(numbers: readonly number[], limit: number): number {
  let low = 0;
  let high = numbers.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((numbers[middle] ?? 0) <= limit) low = middle;
    else high = middle - 1;
  }
  return low;
}
