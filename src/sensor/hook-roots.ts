// SPDX-License-Identifier: Apache-2.0
import { addon } from '../kernel/addon.ts';
import { BpfError } from '../kernel/bpf-error.ts';
import { isFunctionTarget, rootKey, targetKey } from '../plan/attach-target.ts';
import type { InstancePlan } from '../plan/instance-plan.ts';
import type { SharedMaps } from './hook-instance.ts';
import { HookRoot } from './hook-root.ts';

const GENERATIONS: Parameters<typeof addon.BpfMap.create>[0] = {
  name: 'generations',
  type: 2, // BPF_MAP_TYPE_ARRAY
  keySize: 4,
  valueSize: 8,
  maxEntries: 1,
  flags: 1 << 10, // BPF_F_MMAPABLE
};

/**
 * The kernel lets nothing onto a function in this way, though its types have it: tracing has left it out, a trampoline cannot
 * carry its arguments, or others have taken every place. Another way may do.
 */
export class RefusedTarget extends Error {
  readonly key: string;
  readonly why: string;

  constructor(key: string, cause: BpfError) {
    super(cause.message, { cause });
    this.key = key;
    this.why = cause.errnoName;
  }
}

/** What is attached for all hooks, and the generation that they all read: one store switches every hook. */
export class HookRoots {
  readonly #generations = addon.BpfMap.create(GENERATIONS);
  readonly #switch = new BigUint64Array(this.#generations.mmap(true));
  readonly #roots = new Map<string, HookRoot>();
  readonly #shared: SharedMaps;
  #generation = 0;

  constructor(shared: SharedMaps) {
    this.#shared = shared;
  }

  /** The one in force. */
  get generation(): number {
    return this.#generation;
  }

  /** The root of a plan's hook, when it is attached. */
  find({ attach }: InstancePlan): HookRoot | undefined {
    return this.#roots.get(rootKey(attach));
  }

  /** The root of a plan's hook, attached when it is not yet. Throws a RefusedTarget or another BpfError. */
  attach({ attach }: Pick<InstancePlan, 'attach'>): HookRoot {
    const key = rootKey(attach);
    let root = this.#roots.get(key);
    if (root !== undefined) return root;
    try {
      root = new HookRoot(attach, this.#generations, this.#shared);
    } catch (error) {
      if (error instanceof BpfError && isFunctionTarget(attach))
        throw new RefusedTarget(targetKey(attach), error);
      throw error;
    }
    this.#roots.set(key, root);
    return root;
  }

  /** Empties what the idle half has beyond `entries` (by root), then switches to it. The half in force is not touched. */
  flip(generation: number, entries: ReadonlyMap<HookRoot, ReadonlySet<number>>): void {
    for (const root of this.#roots.values()) root.clear(generation, entries.get(root) ?? new Set());
    this.#switch[0] = BigInt(generation);
    this.#generation = generation;
  }

  /** Detaches those that are not in `used`. */
  closeOthers(used: ReadonlySet<HookRoot>): void {
    for (const [key, root] of this.#roots) {
      if (used.has(root)) continue;
      root.close();
      this.#roots.delete(key);
    }
  }

  close(): void {
    this.closeOthers(new Set());
    this.#generations.close();
  }
}
