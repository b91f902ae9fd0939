// SPDX-License-Identifier: Apache-2.0
import type { BpfMap, ProgramInfo } from '../../native/index.d.ts';
import type { Hook } from '../events/hook.ts';
import type { AttachTarget } from '../plan/attach-target.ts';
import { targetKey } from '../plan/attach-target.ts';
import type { InstancePlan } from '../plan/instance-plan.ts';
import { digestOf } from '../plan/plan-digest.ts';
import { PlanError } from '../plan/plan-problem.ts';
import type { StringSecret } from '../plan/string-key.ts';
import { HookInstance } from './hook-instance.ts';
import type { HookRoot } from './hook-root.ts';
import { HookRoots } from './hook-roots.ts';
import type { PolicyPins } from './policy-pins.ts';
import type { EntryCounts } from './rule-counts.ts';
import { RuleCounts } from './rule-counts.ts';

/** A program in the kernel, for lists and figures. */
export interface LoadedHook {
  readonly key: string;
  readonly attach: AttachTarget;
  readonly hook: Hook;
  readonly mapBytes: number;
  /** of what is attached; all system calls share one */
  readonly info: ProgramInfo;
}

interface LoadedInstance {
  /** of its plan: the same plan needs no other program */
  readonly digest: string;
  readonly hook: Hook;
  /** as its records name it: of a program that serves many functions, one for each */
  readonly shown: readonly Hook[];
  readonly instance: HookInstance;
}

interface LoadedTarget {
  readonly plans: readonly InstancePlan[];
  readonly loaded: readonly LoadedInstance[];
}

/** A set of programs that is loaded and not yet in force. */
export interface PreparedPrograms {
  readonly generation: number;
  readonly targets: Map<string, LoadedTarget>;
  /** those that serve nothing else */
  readonly made: HookInstance[];
}

/** Descriptions of programs that are gone stay for records that are still on their way. */
const RETIRED_HOOKS = 1024;

/** The programs of all hooks: the set in force, and the next one while it is loaded. */
export class HookPrograms {
  readonly #secret: StringSecret;
  readonly #shared: Map<string, BpfMap>;
  readonly #roots: HookRoots;
  readonly #pins: PolicyPins;
  readonly #counts = new RuleCounts();
  readonly #hooks = new Map<number, Hook>();
  #targets = new Map<string, LoadedTarget>();
  #nextHook: number;

  /**
   * `shared` are the maps that all programs use; the first one that needs a further one adds it. `pins` have what an earlier
   * agent left, which stays in force until the first switch.
   */
  constructor(secret: StringSecret, shared: Map<string, BpfMap>, pins: PolicyPins) {
    this.#secret = secret;
    this.#shared = shared;
    this.#pins = pins;
    this.#roots = new HookRoots(shared, pins);
    this.#nextHook = pins.firstHook;
    for (const hook of pins.earlierHooks) this.#hooks.set(hook.id, hook);
  }

  /** What a record's hook was, also for a while after its policies have changed. */
  readonly findHook = (_generation: number, id: number): Hook | undefined => this.#hooks.get(id);

  describe(): LoadedHook[] {
    return [...this.#targets].flatMap(([key, { plans, loaded }]) =>
      loaded.flatMap(({ hook, instance }, part) => {
        const plan = plans[part];
        const root = plan === undefined ? undefined : this.#roots.find(plan);
        if (plan === undefined || root === undefined) return [];
        return [{ key, attach: plan.attach, hook, mapBytes: instance.mapBytes, info: root.info() }];
      }),
    );
  }

  /** Attaches the root of a hook before its programs are loaded. Throws a RefusedTarget or another BpfError. */
  attach(target: AttachTarget): void {
    this.#roots.attach({ attach: target });
  }

  /** Detaches what is attached and not in force. */
  detachUnused(): void {
    this.#roots.closeOthers(this.#rootsOf(this.#targets));
  }

  /** What the rules of all policies in force have counted; one element for each entry of a policy on a hook. */
  counts(): EntryCounts[] {
    return [...this.#targets].flatMap(([key, { loaded }]) => this.#counts.read(key, loaded));
  }

  /** Lets a policy count from 0; it is out of force, or has become another. */
  forgetCounts(policy: string): void {
    this.#counts.forget(policy);
  }

  prepare(): PreparedPrograms {
    return { generation: this.#roots.generation + 1, targets: new Map(), made: [] };
  }

  /**
   * Loads a target's programs into `prepared`; those that serve the same plans already are used on. `at` is the policy that
   * wants them. Throws a PlanError or a BpfError.
   */
  load(
    prepared: PreparedPrograms,
    key: string,
    plans: readonly InstancePlan[],
    at: PlanError['at'] = { file: '', line: 0, column: 0, text: '' },
  ): void {
    const { generation, targets, made } = prepared;
    const before = this.#targets.get(key);
    const digests = plans.map((plan) => digestOf(plan, this.#secret));
    if (before !== undefined && digests.join() === before.loaded.map(({ digest }) => digest).join()) {
      targets.set(key, { plans, loaded: before.loaded });
      return;
    }
    const [first] = plans;
    if (first === undefined) throw new RangeError('A target has a program');
    const root = this.#roots.attach(first);
    const loaded = plans.map((plan, part) => {
      const next = part + 1 < plans.length ? root.entry(plan.attach, generation, part + 1) : 0;
      if (next === undefined)
        throw new PlanError(
          at,
          `Cannot serve more policies on ${key}: their selectors need more programs than a hook can have`,
        );
      const id = this.#nextHook;
      this.#nextHook += 1 + Math.max(0, ...(plan.names?.keys() ?? []));
      const instance = HookInstance.load(
        plan,
        { hook: id, generation, next, continues: part > 0 },
        this.#secret,
        this.#shared,
        root.maps,
        (name, map) => this.#shared.set(name, map),
      );
      made.push(instance);
      const hook: Hook = {
        id,
        target: plan.shown,
        values: plan.values.map(({ shown }) => shown),
        policies: plan.policies,
      };
      return { digest: digests[part] ?? '', hook, shown: shownHooks(hook, plan), instance };
    });
    targets.set(key, { plans, loaded });
  }

  /** Gives up what was loaded; what is in force has not changed. */
  abandon({ made }: PreparedPrograms): void {
    for (const instance of made) instance.close();
    this.detachUnused();
  }

  /** Fills the idle half of every root, then puts it in force with one store, and lets go of what is not used any more. */
  switchTo(prepared: PreparedPrograms): void {
    const { generation, targets, made } = prepared;
    try {
      this.#pins.keepHooks(newHooks(targets, made), idsOf(targets));
    } catch (error) {
      this.abandon(prepared);
      throw error;
    }
    const entries = new Map<HookRoot, Set<number>>();
    for (const { plans, loaded } of targets.values())
      plans.forEach((plan, part) => {
        const root = this.#roots.find(plan);
        const entry = root?.entry(plan.attach, generation, part);
        const { instance, shown } = loaded[part] ?? {};
        if (root === undefined || entry === undefined || instance === undefined || shown === undefined)
          throw new RangeError(`No entry for ${targetKey(plan.attach)}`);
        root.put(entry, instance.program.fd);
        entries.set(root, (entries.get(root) ?? new Set()).add(entry));
        for (const hook of shown) this.#hooks.set(hook.id, hook);
      });
    this.#roots.flip(generation, entries);
    // From here on nothing may fail: it is in force.
    const before = this.#targets;
    this.#targets = targets;
    this.#retire(before);
    this.#pins.settle();
  }

  /** Lets go of everything, and without `keep` detaches it; the maps that programs share are closed by their owner. */
  close(keep: boolean): void {
    this.#roots.close(keep);
    for (const { loaded } of this.#targets.values()) for (const { instance } of loaded) instance.close();
    this.#targets.clear();
  }

  /** A run that began before the switch goes on in what the other half holds. */
  #retire(before: ReadonlyMap<string, LoadedTarget>): void {
    const used = new Set(
      [...this.#targets.values()].flatMap(({ loaded }) => loaded.map(({ instance }) => instance)),
    );
    for (const [key, { loaded }] of before) {
      if (loaded.every(({ instance }) => used.has(instance))) continue;
      this.#counts.keep(key, loaded);
      for (const { instance } of loaded) instance.close();
    }
    this.detachUnused();
    const live = idsOf(this.#targets);
    for (const id of this.#hooks.keys()) {
      if (this.#hooks.size <= live.size + RETIRED_HOOKS) break;
      if (!live.has(id)) this.#hooks.delete(id);
    }
  }

  #rootsOf(targets: ReadonlyMap<string, LoadedTarget>): Set<HookRoot> {
    return new Set(
      [...targets.values()].flatMap(({ plans }) => plans.flatMap((plan) => this.#roots.find(plan) ?? [])),
    );
  }
}

function idsOf(targets: ReadonlyMap<string, LoadedTarget>): Set<number> {
  return new Set(
    [...targets.values()].flatMap(({ loaded }) => loaded.flatMap(({ shown }) => shown.map(({ id }) => id))),
  );
}

/** Those of programs that were loaded for this change. */
function newHooks(
  targets: ReadonlyMap<string, LoadedTarget>,
  made: readonly HookInstance[],
): readonly Hook[] {
  const isNew = new Set(made);
  return [...targets.values()].flatMap(({ loaded }) =>
    loaded.flatMap(({ shown, instance }) => (isNew.has(instance) ? shown : [])),
  );
}

function shownHooks(hook: Hook, { names }: InstancePlan): Hook[] {
  if (names === undefined) return [hook];
  return [...names].map(([place, functionName]) => ({
    ...hook,
    id: hook.id + place,
    target: { kind: 'kprobe', functionName },
  }));
}
