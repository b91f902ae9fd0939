// SPDX-License-Identifier: Apache-2.0
import { fileURLToPath } from 'node:url';
import type { AttachSpec, BpfMap, BpfObject, ProgramInfo } from '../../native/index.d.ts';
import { HookLimit } from '../events/gen/layouts.ts';
import { addon } from '../kernel/addon.ts';
import type { AttachTarget } from '../plan/attach-target.ts';
import { hasTrampoline } from '../plan/attach-target.ts';
import { RuleMask } from '../plan/rule-mask.ts';
import { attachOverride } from './attach-override.ts';
import type { SharedMaps } from './hook-instance.ts';
import { IMA_MAP, OVERRIDES_MAP } from './hook-instance.ts';
import type { AttachedProgram } from './ima-hasher.ts';
import { attachImaHasher } from './ima-hasher.ts';
import type { PinnedObjects } from './pin-group.ts';
import { ensureTracefs } from './tracefs.ts';

const OBJECT = fileURLToPath(new URL('../../build/bpf/root.bpf.o', import.meta.url));

const ROOTS: Readonly<Record<AttachTarget['by'], string>> = {
  fentry: 'root_fentry',
  fexit: 'root_fexit',
  lsm: 'root_lsm',
  lsm_ima: 'root_lsm',
  fmod_ret: 'root_fmod_ret',
  kprobe: 'root_kprobe',
  override: 'root_kprobe',
  kretprobe: 'root_kprobe',
  tracepoint: 'root_tracepoint',
  raw_tracepoint: 'root_raw',
  follow: 'root_raw',
  sys_enter: 'root_syscall',
  sys_exit: 'root_syscall',
  syscalls_enter: 'root_syscalls',
  syscalls_exit: 'root_syscalls',
  kprobe_multi: 'root_kprobe_multi',
  uprobe: 'root_uprobe',
  uretprobe: 'root_uprobe',
  usdt: 'root_uprobe',
};

const ENTRY = 'root_entry';

/** What the pins of a root's programs are called. */
const [HOOK_PIN, ENTRY_PIN, HASHER_PIN] = ['hook', 'entry', 'hasher'] as const;

/** Entries of each half beyond the system calls' own: programs behind the first one of a system call. */
const FURTHER_SYSCALL_ENTRIES = HookLimit.HOOK_SYSCALLS_MAX;

/** What is attached to the kernel for one hook, or for all system calls: it never changes while the hook is in use. */
export class HookRoot {
  /** for the programs behind it, by their name in bpf/ */
  readonly maps = new Map<string, BpfMap>();
  readonly #instances: BpfMap;
  readonly #half: number;
  /** the last one is the hook's; one before it keeps the arguments of a function for its return */
  readonly #attached: AttachedProgram[] = [];
  #hasher: AttachedProgram | undefined;
  readonly #isSyscalls: boolean;
  /** entries of the programs behind a system call's first one */
  readonly #further = new Map<string, number>();

  /**
   * Loads and attaches it; nothing runs behind it yet. `generations` and `shared` are for all. `pinned` is what an earlier
   * agent has attached for the same target: then that goes on.
   */
  constructor(target: AttachTarget, generations: BpfMap, shared: SharedMaps, pinned?: PinnedObjects) {
    this.#isSyscalls = target.by === 'sys_enter' || target.by === 'sys_exit';
    this.#half = this.#isSyscalls
      ? HookLimit.HOOK_SYSCALL_PLACES + FURTHER_SYSCALL_ENTRIES
      : HookLimit.HOOK_GROUPS_MAX;
    if (pinned !== undefined) {
      this.#instances = this.#adopt(pinned);
      return;
    }
    const name = ROOTS[target.by];
    const object = new addon.BpfObject(OBJECT);
    try {
      const entry = entryOf(target);
      for (const program of object.programs)
        object.setAutoload(
          program.name,
          program.name === name || (entry !== undefined && program.name === ENTRY),
        );
      if (entry === undefined) object.setMap('call_entries', { autocreate: false });
      if (hasTrampoline(target)) object.setAttachTarget(name, target.functionName);
      object.setMap('instances', { maxEntries: 2 * this.#half });
      object.setGlobal('instances_half', new Uint8Array(Uint32Array.of(this.#half).buffer));
      if ('places' in target) object.setGlobal('syscalls_wanted', wantedBytes(target.places));
      object.reuseMap('generations', generations);
      object.load();
      this.#instances = object.map('instances');
      this.maps.set('instances', this.#instances);
      if (entry !== undefined) this.maps.set('call_entries', object.map('call_entries'));
      // What is attached last runs first: it asks for a hash, then that is taken.
      if (target.by === 'lsm_ima') this.#hasher = attachImaHasher(target.functionName, shared);
      if (target.by === 'override') {
        const { overrides, ...attached } = attachOverride(target.functionName);
        this.#attached.push(attached);
        this.maps.set(OVERRIDES_MAP, overrides);
      }
      // First: whatever is seen to return was seen at its entry.
      if (entry !== undefined) this.#attach(object, ENTRY, entry);
      this.#attach(object, name, target);
    } catch (error) {
      this.close();
      throw error;
    } finally {
      object.close();
    }
  }

  /** What has to be pinned so that it goes on without the agent. */
  pinned(shared: SharedMaps): PinnedObjects {
    const named: [string, AttachedProgram][] = this.#attached.map((each, index) => [
      index === this.#attached.length - 1 ? HOOK_PIN : ENTRY_PIN,
      each,
    ]);
    if (this.#hasher !== undefined) named.push([HASHER_PIN, this.#hasher]);
    const states = this.#hasher === undefined ? undefined : shared.get(IMA_MAP);
    return {
      maps: new Map([...this.maps, ...(states === undefined ? [] : [[IMA_MAP, states] as const])]),
      programs: new Map(named.map(([name, { program }]) => [name, program])),
      links: new Map(named.map(([name, { link }]) => [name, link])),
    };
  }

  #adopt({ maps, programs, links }: PinnedObjects): BpfMap {
    const attached = (name: string): AttachedProgram[] => {
      const [program, link] = [programs.get(name), links.get(name)];
      return program === undefined || link === undefined ? [] : [{ program, link }];
    };
    this.#attached.push(...attached(ENTRY_PIN), ...attached(HOOK_PIN));
    [this.#hasher] = attached(HASHER_PIN);
    for (const [name, map] of maps) {
      if (name === IMA_MAP) map.close();
      else this.maps.set(name, map);
    }
    const instances = maps.get('instances');
    if (instances?.info().maxEntries !== 2 * this.#half)
      throw new RangeError('A root of the same build has an array of the same size');
    return instances;
  }

  /** Its runs and their time are those of the hook: the kernel counts what is called by tail call with the caller. */
  info(): ProgramInfo {
    const hook = this.#attached.at(-1);
    if (hook === undefined) throw new RangeError('A root is attached');
    return hook.program.info();
  }

  /** Entry of the `part`th program of a target (from 0) in a generation; undefined when there is no room for it. */
  entry(target: AttachTarget, generation: number, part: number): number | undefined {
    const half = (generation & 1) * this.#half;
    if (!this.#isSyscalls) return part < HookLimit.HOOK_GROUPS_MAX ? half + part : undefined;
    if (!('syscall' in target)) return undefined;
    if (part === 0) return half + target.syscall;
    const further = this.#furtherEntry(`${target.syscall}:${part}`);
    return further < FURTHER_SYSCALL_ENTRIES ? half + HookLimit.HOOK_SYSCALL_PLACES + further : undefined;
  }

  /** The same for every generation, so that a program which stays finds the next one in either half. */
  #furtherEntry(key: string): number {
    const known = this.#further.get(key);
    if (known !== undefined) return known;
    this.#further.set(key, this.#further.size);
    return this.#further.size - 1;
  }

  /** Empties the half of a generation but for the entries in `keep`. */
  clear(generation: number, keep: ReadonlySet<number>): void {
    const half = (generation & 1) * this.#half;
    for (let entry = half; entry < half + this.#half; entry++)
      if (!keep.has(entry)) this.#instances.delete(u32(entry));
  }

  put(entry: number, programFd: number): void {
    this.#instances.set(u32(entry), u32(programFd));
  }

  /** Lets go of it; what is not pinned is detached. */
  close(): void {
    const hasher = this.#hasher === undefined ? [] : [this.#hasher];
    for (const { link, program } of [...this.#attached.toReversed(), ...hasher]) {
      link.close();
      program.close();
    }
    for (const map of this.maps.values()) map.close();
  }

  #attach(object: BpfObject, name: string, target: AttachTarget): void {
    const program = object.program(name);
    try {
      this.#attached.push({ program, link: program.attach(attachSpec(target)) });
    } catch (error) {
      program.close();
      throw error;
    }
  }
}

/** Where the function begins whose return is the target; undefined for other targets. */
function entryOf(target: AttachTarget): AttachTarget | undefined {
  if (target.by === 'uretprobe') return { ...target, by: 'uprobe' };
  return target.by === 'kretprobe' ? { ...target, by: 'kprobe' } : undefined;
}

function attachSpec(target: AttachTarget): AttachSpec {
  switch (target.by) {
    case 'fentry':
    case 'fexit':
    case 'fmod_ret':
      return { kind: 'trace' };
    case 'lsm':
    case 'lsm_ima':
      return { kind: 'lsm' };
    case 'kprobe':
    case 'kretprobe':
    case 'override':
      return { kind: 'kprobe', function: target.functionName, retprobe: target.by === 'kretprobe' };
    case 'tracepoint':
      ensureTracefs();
      return { kind: 'tracepoint', category: target.subsystem, name: target.event };
    case 'raw_tracepoint':
      return { kind: 'rawTracepoint', name: target.event };
    case 'follow':
      return { kind: 'rawTracepoint', name: 'sched_process_exec' };
    case 'sys_enter':
    case 'sys_exit':
      return { kind: 'rawTracepoint', name: target.by };
    case 'syscalls_enter':
    case 'syscalls_exit':
      return { kind: 'rawTracepoint', name: target.by === 'syscalls_enter' ? 'sys_enter' : 'sys_exit' };
    case 'kprobe_multi':
      return {
        kind: 'kprobeMulti',
        functions: [...target.functions],
        cookies: target.functions.map((_, place) => BigInt(place)),
      };
    case 'uprobe':
    case 'uretprobe':
    case 'usdt':
      return {
        kind: 'uprobe',
        path: target.openPath,
        offset: BigInt(target.offset),
        refCounterOffset: BigInt(target.refCtrOffset),
        retprobe: target.by === 'uretprobe',
      };
  }
}

/** Bit n for place n. */
function wantedBytes(places: readonly number[]): Uint8Array {
  const mask = new RuleMask(HookLimit.HOOK_SYSCALL_PLACES / 64);
  for (const place of places) mask.add(place);
  return mask.bytes;
}

function u32(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}
