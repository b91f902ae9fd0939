// SPDX-License-Identifier: Apache-2.0
import { addon } from '../kernel/addon.ts';
import { BpfError } from '../kernel/bpf-error.ts';
import { rootKey, targetKey } from '../plan/attach-target.ts';
import type { InstancePlan } from '../plan/instance-plan.ts';
import { PlanError } from '../plan/plan-problem.ts';
import { HookRoot } from './hook-root.ts';

const GENERATIONS: Parameters<typeof addon.BpfMap.create>[0] = {
  name: 'generations',
  type: 2, // BPF_MAP_TYPE_ARRAY
  keySize: 4,
  valueSize: 8,
  maxEntries: 1,
  flags: 1 << 10, // BPF_F_MMAPABLE
};

/** What is attached for all hooks, and the generation that they all read: one store switches every hook. */
export class HookRoots {
  readonly #generations = addon.BpfMap.create(GENERATIONS);
  readonly #switch = new BigUint64Array(this.#generations.mmap(true));
  readonly #roots = new Map<string, HookRoot>();
  #generation = 0;

  /** The one in force. */
  get generation(): number {
    return this.#generation;
  }

  /** The root of a plan's hook, when it is attached. */
  find({ attach }: InstancePlan): HookRoot | undefined {
    return this.#roots.get(rootKey(attach));
  }

  /** The root of a plan's hook, attached when it is not yet. `at` is the policy that wants it. */
  attach(plan: InstancePlan, at: PlanError['at']): HookRoot {
    try {
      const key = rootKey(plan.attach);
      let root = this.#roots.get(key);
      if (root === undefined) this.#roots.set(key, (root = new HookRoot(plan.attach, this.#generations)));
      return root;
    } catch (error) {
      if (!(error instanceof BpfError)) throw error;
      throw notAttached(plan, error, at);
    }
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

function notAttached({ attach }: InstancePlan, error: BpfError, at: PlanError['at']): PlanError {
  const name = 'functionName' in attach ? attach.functionName : targetKey(attach);
  // A function of the kernel's types that its tracing has left out: there is no room for a call to a trampoline.
  if (error.errnoName === 'EBUSY' && 'functionName' in attach)
    return new PlanError(
      at,
      `Cannot hook "${name}": the kernel does not let programs onto this function (EBUSY)`,
      'Use one that /sys/kernel/tracing/available_filter_functions lists.',
    );
  return new PlanError(at, `Cannot hook "${name}": ${error.message}`, error.verifierLog);
}
