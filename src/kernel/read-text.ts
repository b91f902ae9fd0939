// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';

const UNREADABLE = new Set(['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM']);

/** A small file's text without the line end; undefined when this machine does not have it or does not let it be read. */
export function readText(path: string): string | undefined {
  return readBytes(path)?.toString().trim();
}

/** As readText, the bytes. */
export function readBytes(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if (UNREADABLE.has((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
