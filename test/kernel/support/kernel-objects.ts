// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

const KINDS = ['prog', 'map', 'link'] as const;

/** Programs, maps and links as "kind id". */
export type KernelObjects = Set<string>;

/** All that the kernel has. */
export function allKernelObjects(): KernelObjects {
  const objects = new Set<string>();
  for (const kind of KINDS) {
    const listed = JSON.parse(execFileSync('bpftool', ['-j', kind, 'show'], { encoding: 'utf8' })) as {
      id: number;
    }[];
    for (const { id } of listed) objects.add(`${kind} ${id}`);
  }
  return objects;
}

/** Those that a process holds open; ids are never used twice. */
export function kernelObjectsOf(pid: number): KernelObjects {
  const objects = new Set<string>();
  for (const fd of readdirSync(`/proc/${pid}/fdinfo`)) {
    const info = readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8');
    for (const kind of KINDS) {
      const id = new RegExp(`^${kind}_id:\\s*(\\d+)`, 'm').exec(info)?.[1];
      if (id !== undefined) objects.add(`${kind} ${id}`);
    }
  }
  return objects;
}
