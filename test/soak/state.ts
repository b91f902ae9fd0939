// SPDX-License-Identifier: Apache-2.0
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { join, resolve } from 'node:path';

const DIRECTORY = resolve(import.meta.dirname, '../../build/soak');

/** One per kernel: a guest sees the same directory. */
function pathOf(name: string): string {
  return join(DIRECTORY, `${name}-${release()}.json`);
}

/** What the pieces of an interrupted run came to, in order. */
export function loadPieces(name: string): object[] {
  const path = pathOf(name);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as object[]) : [];
}

export function savePieces(name: string, figures: object[]): void {
  mkdirSync(DIRECTORY, { recursive: true });
  const path = pathOf(name);
  writeFileSync(`${path}.next`, JSON.stringify(figures));
  renameSync(`${path}.next`, path);
}

export function forgetPieces(name: string): void {
  rmSync(pathOf(name), { force: true });
}
