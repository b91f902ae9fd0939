// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, statSync } from 'node:fs';

const TRIPLETS: Partial<Record<string, string>> = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' };
const TARGETS: Partial<Record<string, string>> = { x64: 'x86', arm64: 'arm64' };

function modified(url: URL): number {
  return statSync(url, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Runs a compiler where the output is older than the newest source, and returns the output's path. */
function build(output: string, sources: string[], command: string[]): string {
  const object = new URL(`../build/test/${output}`, import.meta.url);
  const newest = Math.max(...sources.map((name) => modified(new URL(name, import.meta.url))));
  if (modified(object) > newest) return object.pathname;
  mkdirSync(new URL('.', object), { recursive: true });
  // Test files run side by side: each writes its own file, and the last one that is moved is as good as the first.
  const own = `${object.pathname}.${process.pid}`;
  const [compiler = '', ...options] = command;
  execFileSync(compiler, [...options, '-Wall', '-Werror', '-O2', '-o', own], { cwd: import.meta.dirname });
  renameSync(own, object.pathname);
  return object.pathname;
}

/** The path of the object of native/test/NAME.bpf.c. */
export function compile(name: string): string {
  const target = [`-D__TARGET_ARCH_${TARGETS[process.arch]}`, `-I/usr/include/${TRIPLETS[process.arch]}`];
  const source = `${name}.bpf.c`;
  const command = ['clang-19', '-target', 'bpf', '-mcpu=v3', '-g', ...target, '-c', source];
  return build(`${name}.bpf.o`, [source, 'kernel.h'], command);
}

/** The path of the program of native/test/NAME.c. */
export function compileProgram(name: string): string {
  return build(name, [`${name}.c`], ['cc', `${name}.c`]);
}
