// SPDX-License-Identifier: Apache-2.0
import type { Process } from '../api/gen/tetragon/tetragon_pb.js';
import { columnsOf, render, shortenEnd } from '../encode/compact-text.ts';
import { escapeHidden } from '../encode/escape.ts';

export interface TreeOptions {
  readonly color: boolean;
  /** columns to fit each line into; without it nothing is shortened */
  readonly width?: number;
}

/**
 * The processes below their parents, children by pid. One whose parent is not in the list (or is itself, as the kernel's
 * is) stands at the left edge; every process appears exactly once.
 */
export function drawTree(processes: readonly Process[], options: TreeOptions): string {
  const children = new Map<string, Process[]>();
  const known = new Set(processes.map(({ execId }) => execId));
  const roots: Process[] = [];
  for (const process of [...processes].sort((a, b) => (a.pid ?? 0) - (b.pid ?? 0))) {
    const { parentExecId } = process;
    if (parentExecId === process.execId || !known.has(parentExecId)) roots.push(process);
    else children.set(parentExecId, [...(children.get(parentExecId) ?? []), process]);
  }
  const drawn = new Set<Process>();
  const lines: string[] = [];
  for (const root of [...roots, ...processes]) draw(root);
  return lines.join('');

  /** Not recursive: a chain of processes can be deeper than the stack. */
  function draw(root: Process): void {
    const open = [{ process: root, branch: '', indent: '' }];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const { process, branch, indent } = next;
      if (drawn.has(process)) continue;
      drawn.add(process);
      lines.push(`${branch}${label(process, branch, options)}\n`);
      const below = children.get(process.execId) ?? [];
      for (const [index, child] of [...below].reverse().entries()) {
        const last = index === 0;
        open.push({
          process: child,
          branch: `${indent}${last ? '└─ ' : '├─ '}`,
          indent: `${indent}${last ? '   ' : '│  '}`,
        });
      }
    }
  }
}

function label(
  { pid, binary, arguments: args }: Process,
  branch: string,
  { color, width }: TreeOptions,
): string {
  const number = `${pid ?? '?'} `;
  const room = (width ?? Infinity) - branch.length - number.length;
  const path = shortenEnd(escapeHidden(binary), room);
  const rest = args === '' ? '' : shortenEnd(` ${escapeHidden(args)}`, room - columnsOf(path));
  return render([{ text: number, style: 'dim' }, { text: path, style: 'bold' }, { text: rest }], color);
}
