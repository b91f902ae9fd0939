// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

const SOURCES = resolve(import.meta.dirname, '../../programs');
const BUILT = resolve(import.meta.dirname, '../../../build/test-programs');
const FLAGS = ['-std=gnu17', '-O2', '-Wall', '-Wextra', '-Werror', '-static', '-pthread'];

const ready = new Set<string>();

/** The path of test/programs/NAME.c compiled: static, so that one exec is one exec and a bare root directory is enough. */
export function program(name: string): string {
  return programWith(name, []);
}

/** The same with further flags of the compiler, which are the same in each call for this program. */
export function programWith(name: string, flags: readonly string[]): string {
  const path = join(BUILT, name);
  if (ready.has(name)) return path;
  const source = join(SOURCES, `${name}.c`);
  if (!isNewer(path, source) || !isNewer(path, join(SOURCES, 'report.h'))) {
    mkdirSync(BUILT, { recursive: true });
    // Under another name first: a guest or another test may be at it too.
    const unfinished = `${path}.${process.pid}`;
    execFileSync('gcc', [...FLAGS, ...flags, '-o', unfinished, source], { stdio: 'inherit' });
    renameSync(unfinished, path);
  }
  ready.add(name);
  return path;
}

function isNewer(path: string, than: string): boolean {
  return existsSync(path) && statSync(path).mtimeMs >= statSync(than).mtimeMs;
}
