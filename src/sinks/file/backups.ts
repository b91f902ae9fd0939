// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { readdir, unlink } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';

/**
 * A free name beside `path` for the file that is rotated away: `events.json` becomes `events-2026-11-20T17-45-01.123.json`
 * with the present time in UTC, the form that collectors of Tetragon's export files look for. The time moves on by
 * milliseconds while the name is taken.
 */
export function backupPath(path: string, nowMs: number): string {
  const { stem, extension } = split(path);
  for (let ms = nowMs; ; ms++) {
    const stamp = new Date(ms).toISOString().slice(0, -1).replaceAll(':', '-');
    const candidate = join(dirname(path), `${stem}-${stamp}${extension}`);
    if (!existsSync(candidate)) return candidate;
  }
}

/** Removes the oldest rotated files of `path` beyond `keep`, also those that something has compressed to `.gz`. */
export async function pruneBackups(path: string, keep: number): Promise<void> {
  if (keep === 0) return;
  const directory = dirname(path);
  const backups = (await readdir(directory)).filter((name) => isBackup(path, name));
  const oldest = backups.sort().slice(0, -keep);
  await Promise.all(oldest.map((name) => unlink(join(directory, name))));
}

function isBackup(path: string, name: string): boolean {
  const { stem, extension } = split(path);
  const plain = name.endsWith('.gz') ? name.slice(0, -3) : name;
  if (!plain.startsWith(`${stem}-`) || !plain.endsWith(extension)) return false;
  const stamp = plain.slice(stem.length + 1, plain.length - extension.length);
  return /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}$/.test(stamp);
}

function split(path: string): { stem: string; extension: string } {
  const extension = extname(path);
  return { stem: basename(path, extension), extension };
}
