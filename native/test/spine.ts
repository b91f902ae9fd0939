// SPDX-License-Identifier: Apache-2.0
import type { BpfMap, BpfObject } from '../index.d.ts';
import { addon, asU64, GETPPID, u32, u64 } from './addon.ts';
import { compile } from './compile.ts';

/** The places in `hits` (enum slot in spine.bpf.c). */
export const Slot = { TpBtf: 0, RawTp: 1, Tp: 2, Uprobe: 3, Perf: 4, Cookie: 5, Cgroup: 6 } as const;

/** Opens spine.bpf.o with only the named programs; they count what this process does. */
export function openSpine(...programs: string[]): BpfObject {
  const object = new addon.BpfObject(compile('spine'));
  object.setGlobal('only_tgid', u32(process.pid));
  object.setGlobal('syscall_nr', u64(GETPPID));
  for (const { name } of object.programs) object.setAutoload(name, programs.includes(name));
  return object;
}

export function loadSpine(...programs: string[]): BpfObject {
  const object = openSpine(...programs);
  object.load();
  return object;
}

export function hits(map: BpfMap, slot: number): number {
  const value = map.get(u32(slot));
  if (value === undefined) throw new Error('hits has no such slot');
  return Number(asU64(value)[0]);
}
