// SPDX-License-Identifier: Apache-2.0
import { fileURLToPath } from 'node:url';
import type { AttachSpec, BpfLink, BpfMap } from '../../native/index.d.ts';
import { HookLimit } from '../events/gen/layouts.ts';
import { addon } from '../kernel/addon.ts';
import type { AttachTarget } from '../plan/attach-target.ts';
import { ensureTracefs } from './tracefs.ts';

const OBJECT = fileURLToPath(new URL('../../build/bpf/root.bpf.o', import.meta.url));

const ROOTS: Readonly<Record<AttachTarget['by'], string>> = {
  fentry: 'root_fentry',
  fexit: 'root_fexit',
  lsm: 'root_lsm',
  kprobe: 'root_kprobe',
  tracepoint: 'root_tracepoint',
  raw_tracepoint: 'root_raw',
  sys_enter: 'root_syscall',
  sys_exit: 'root_syscall',
};

/** Entries of each half beyond the system calls' own: programs behind the first one of a system call. */
const FURTHER_SYSCALL_ENTRIES = HookLimit.HOOK_SYSCALLS_MAX;

/** What is attached to the kernel for one hook, or for all system calls: it never changes while the hook is in use. */
export class HookRoot {
  readonly instances: BpfMap;
  readonly #half: number;
  readonly #link: BpfLink;
  readonly #isSyscalls: boolean;

  /** Loads and attaches it; nothing runs behind it yet. `generations` is shared by all roots. */
  constructor(target: AttachTarget, generations: BpfMap) {
    this.#isSyscalls = target.by === 'sys_enter' || target.by === 'sys_exit';
    this.#half = this.#isSyscalls
      ? HookLimit.HOOK_SYSCALLS_MAX + FURTHER_SYSCALL_ENTRIES
      : HookLimit.HOOK_GROUPS_MAX;
    const name = ROOTS[target.by];
    const object = new addon.BpfObject(OBJECT);
    try {
      for (const program of object.programs) object.setAutoload(program.name, program.name === name);
      if ('functionName' in target && target.by !== 'kprobe')
        object.setAttachTarget(name, target.functionName);
      object.setMap('instances', { maxEntries: 2 * this.#half });
      object.setGlobal('instances_half', new Uint8Array(Uint32Array.of(this.#half).buffer));
      object.setGlobal('is_exit', Uint8Array.from([target.by === 'sys_exit' ? 1 : 0]));
      object.reuseMap('generations', generations);
      object.load();
      this.instances = object.map('instances');
      const program = object.program(name);
      this.#link = program.attach(attachSpec(target));
      program.close();
    } finally {
      object.close();
    }
  }

  /** Entry of the `part`th program of a target (from 0) in a generation; undefined when there is no room for it. */
  entry(target: AttachTarget, generation: number, part: number): number | undefined {
    const half = (generation & 1) * this.#half;
    if (!this.#isSyscalls) return part < HookLimit.HOOK_GROUPS_MAX ? half + part : undefined;
    if (!('syscall' in target) || part > 0) return undefined;
    return half + target.syscall;
  }

  /** Empties the half of a generation but for the entries in `keep`. */
  clear(generation: number, keep: ReadonlySet<number>): void {
    const half = (generation & 1) * this.#half;
    for (let entry = half; entry < half + this.#half; entry++)
      if (!keep.has(entry)) this.instances.delete(u32(entry));
  }

  put(entry: number, programFd: number): void {
    this.instances.set(u32(entry), u32(programFd));
  }

  close(): void {
    this.#link.close();
    this.instances.close();
  }
}

function attachSpec(target: AttachTarget): AttachSpec {
  switch (target.by) {
    case 'fentry':
    case 'fexit':
      return { kind: 'trace' };
    case 'lsm':
      return { kind: 'lsm' };
    case 'kprobe':
      return { kind: 'kprobe', function: target.functionName };
    case 'tracepoint':
      ensureTracefs();
      return { kind: 'tracepoint', category: target.subsystem, name: target.event };
    case 'raw_tracepoint':
      return { kind: 'rawTracepoint', name: target.event };
    case 'sys_enter':
    case 'sys_exit':
      return { kind: 'rawTracepoint', name: target.by };
  }
}

function u32(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}
