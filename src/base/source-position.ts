// SPDX-License-Identifier: Apache-2.0

export interface SourcePosition {
  readonly file: string;
  /** from 1 */
  readonly line: number;
  /** from 1, in UTF-16 units as editors count */
  readonly column: number;
  /** the line itself */
  readonly text: string;
}

/** The position of an offset in a text. */
export function sourcePosition(file: string, source: string, offset: number): SourcePosition {
  const start = offset === 0 ? 0 : source.lastIndexOf('\n', offset - 1) + 1;
  const end = source.indexOf('\n', start);
  return {
    file,
    line: source.slice(0, start).split('\n').length,
    column: offset - start + 1,
    text: source.slice(start, end < 0 ? undefined : end).replace(/\r$/, ''),
  };
}
