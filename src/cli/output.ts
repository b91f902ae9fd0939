// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';

/** A reader that has seen enough (`merlon events | head`) ends a command quietly; call it before the first output. */
export function endWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
}

/** Writes to standard output, and waits while its reader is slower. */
export async function write(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain');
}

/** The columns of the terminal that standard output is; nothing when it is none, so that no pipe gets shortened lines. */
export function terminalWidth(): { width?: number } {
  return process.stdout.isTTY ? { width: process.stdout.columns } : {};
}

/** Columns padded to their widest cell; the last one is as long as it is. `right` holds the indexes of number columns. */
export function table(rows: readonly (readonly string[])[], right: readonly number[] = []): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, cell.length);
  }
  const line = (row: readonly string[]) =>
    row.map((cell, index) => {
      if (right.includes(index)) return cell.padStart(widths[index] ?? 0);
      return index === row.length - 1 ? cell : cell.padEnd(widths[index] ?? 0);
    });
  return rows.map((row) => `${line(row).join('  ').trimEnd()}\n`).join('');
}
