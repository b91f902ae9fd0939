// SPDX-License-Identifier: Apache-2.0
import type { SourcePosition } from '../base/source-position.ts';
import type { PolicyProblem } from './problem.ts';

/** Characters of a line that are shown; the window moves with the place. */
const WIDTH = 100;
/** What a terminal acts upon or does not show; each is replaced by one character, so that carets stay in place. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/**
 * A problem as text, each line ended:
 *
 *     policies/exec.yaml:6:13: Cannot use "intt" as spec.kprobes[0].args[0].type: no such name
 *        6 |       type: intt
 *          |             ^^^^
 *     Did you mean "int"?
 */
export function formatProblem({
  at,
  message,
  remedy,
}: Pick<PolicyProblem, 'at' | 'message' | 'remedy'>): string {
  const place = at.line === 0 ? at.file : `${at.file}:${at.line}:${at.column}`;
  const lines = [`${visible(place)}: ${message}`, ...(at.line === 0 ? [] : excerpt(at))];
  if (remedy !== undefined) lines.push(remedy);
  return `${lines.join('\n')}\n`;
}

/** The source line and the carets below the word at the position. */
function excerpt(at: SourcePosition): string[] {
  const column = at.column - 1;
  const start = column + 20 < WIDTH ? 0 : column - WIDTH / 2;
  const text = visible(at.text.slice(start, start + WIDTH).replaceAll('\t', ' '));
  const shown = `${start > 0 ? '…' : ''}${text}${start + WIDTH < at.text.length ? '…' : ''}`;
  const indent = column - start + (start > 0 ? 1 : 0);
  const carets = Math.max(1, Math.min(wordLength(at.text, column), text.length - (column - start)));
  const number = String(at.line).padStart(4);
  return [
    `${number} | ${shown}`.trimEnd(),
    `${' '.repeat(number.length)} | ${' '.repeat(indent)}${'^'.repeat(carets)}`,
  ];
}

/** The length of the YAML scalar, or of the name of a field, that begins at an index of a line; 1 for anything else. */
function wordLength(line: string, index: number): number {
  const rest = line.slice(index, index + WIDTH);
  if (isQuoted(line.slice(0, index))) return /^(\w+|[^\w\s"']+)/.exec(rest)?.[0].length ?? 1;
  const quoted = /^("(?:[^"\\]|\\.)*"|'(?:[^']|'')*')/.exec(rest)?.[1];
  if (quoted !== undefined) return quoted.length;
  if (/^[[{]/.test(rest)) return 1;
  const flow = /[{[]/.test(line.slice(0, index));
  const plain = flow ? /^(?:(?!: | #|[,\]}]|:$).)+/ : /^(?:(?!: | #|:$).)+/;
  return plain.exec(rest)?.[0].trimEnd().length ?? 1;
}

/** Whether a line is within quotes where it ends, so that the place is a part of a text. */
function isQuoted(start: string): boolean {
  const open = /^(?:[^"'#]|"(?:[^"\\]|\\.)*"|'(?:[^']|'')*')*(["'])/.exec(start);
  return open !== null;
}

function visible(text: string): string {
  return text.replace(HIDDEN, (character) => {
    const code = character.codePointAt(0) ?? 0;
    // U+2400 on shows the names of control characters
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : '\ufffd'.repeat(character.length);
  });
}
