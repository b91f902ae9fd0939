// SPDX-License-Identifier: Apache-2.0
import { BpfError } from '../kernel/bpf-error.ts';
import { isFunctionTarget, rootKey, targetKey } from '../plan/attach-target.ts';
import type { InstancePlan } from '../plan/instance-plan.ts';
import type { SharedMaps } from './hook-instance.ts';
import { HookRoot } from './hook-root.ts';
import type { PolicyPins } from './policy-pins.ts';
import { rootGroup } from './policy-pins.ts';

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
  readonly #switch: BigUint64Array;
  readonly #roots = new Map<string, HookRoot>();
  readonly #shared: SharedMaps;
  readonly #pins: PolicyPins;
  /** those of an earlier agent, whose generation is in force until the first switch */
  readonly #adopted = new Set<HookRoot>();
  #generation: number;

  constructor(shared: SharedMaps, pins: PolicyPins) {
    this.#shared = shared;
    this.#pins = pins;
    this.#switch = new BigUint64Array(pins.generations.mmap(true));
    this.#generation = Number(this.#switch[0]);
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
    const pinned = this.#pins.take(groupOf(key));
    try {
      root = new HookRoot(attach, this.#pins.generations, this.#shared, pinned);
    } catch (error) {
      if (error instanceof BpfError && isFunctionTarget(attach))
        throw new RefusedTarget(targetKey(attach), error);
      throw error;
    }
    this.#roots.set(key, root);
    if (pinned !== undefined) this.#adopted.add(root);
    else this.#keep(key, root);
    return root;
  }

  /** Empties what the idle half has beyond `entries` (by root), then switches to it. The half in force is not touched. */
  flip(generation: number, entries: ReadonlyMap<HookRoot, ReadonlySet<number>>): void {
    for (const root of this.#roots.values()) root.clear(generation, entries.get(root) ?? new Set());
    this.#pins.emptyUntaken(generation);
    this.#switch[0] = BigInt(generation);
    this.#generation = generation;
    if (this.#adopted.size === 0) return;
    this.#adopted.clear();
    this.#pins.hold(() => this.#emptyIdle(generation));
  }

  /**
   * Detaches those that are not in `used`, but nothing of an earlier agent before the first switch. What cannot be detached
   * is kept, so that each switch leaves it without programs.
   */
  closeOthers(used: ReadonlySet<HookRoot>): void {
    for (const [key, root] of this.#roots) {
      if (used.has(root) || this.#adopted.has(root) || !this.#pins.drop(groupOf(key))) continue;
      root.close();
      this.#roots.delete(key);
    }
  }

  /** Lets go of all; with `keep`, what is pinned goes on. */
  close(keep: boolean): void {
    if (!keep) this.closeOthers(new Set());
    for (const root of this.#roots.values()) root.close();
    this.#roots.clear();
  }

  #keep(key: string, root: HookRoot): void {
    try {
      this.#pins.keep(groupOf(key), root.pinned(this.#shared));
    } catch (error) {
      root.close();
      this.#roots.delete(key);
      throw error;
    }
  }

  /** Lets go of the programs of an earlier agent. */
  #emptyIdle(generation: number): void {
    if (generation !== this.#generation) return;
    for (const root of this.#roots.values()) root.clear(generation + 1, new Set());
  }
}

/** With the roots of `lsm_ima` goes a map that hooks share. */
function groupOf(key: string): string {
  return rootGroup(key, key.startsWith('lsm_ima:'));
}
