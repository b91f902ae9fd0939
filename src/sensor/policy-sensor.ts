// SPDX-License-Identifier: Apache-2.0
import type { BpfMap, ProgramInfo } from '../../native/index.d.ts';
import type { Hook } from '../events/hook.ts';
import { addon } from '../kernel/addon.ts';
import { BpfError } from '../kernel/bpf-error.ts';
import { rootKey, targetKey } from '../plan/attach-target.ts';
import type { InstancePlan } from '../plan/instance-plan.ts';
import type { Lineage } from '../plan/follow.ts';
import { FollowedConditions, followedNumbers } from '../plan/follow.ts';
import type { KernelFacts } from '../plan/kernel-facts.ts';
import type { ActionOptions } from '../plan/plan-actions.ts';
import { planInstances } from '../plan/plan-instances.ts';
import type { PolicyHook } from '../plan/plan-policies.ts';
import { planPolicy } from '../plan/plan-policies.ts';
import { digestOf } from '../plan/plan-digest.ts';
import { PlanError } from '../plan/plan-problem.ts';
import type { StringSecret } from '../plan/string-key.ts';
import type { Policy } from '../policy/model.ts';
import { FollowSensor } from './follow-sensor.ts';
import { FOLLOWED_MAP, HookInstance, LENT_MAPS, OWNER_MAP, usesOwners } from './hook-instance.ts';
import { HookRoot } from './hook-root.ts';
import type { ProcessSensor } from './process-sensor.ts';
import { SockOwners } from './sock-owners.ts';

/** What became of a policy. */
export interface PolicyState {
  readonly policy: Policy;
  readonly state: 'enabled' | 'load_error';
  /** why it is not in force */
  readonly error: PlanError | undefined;
}

/** A program in the kernel, for lists and figures. */
export interface LoadedHook {
  readonly key: string;
  readonly hook: Hook;
  readonly mapBytes: number;
  /** events that limits have kept back, by rule */
  readonly suppressed: () => Map<number, bigint>;
  /** of what is attached; all system calls share one */
  readonly info: ProgramInfo;
}

interface LoadedInstance {
  /** of its plan: the same plan needs no other program */
  readonly digest: string;
  readonly hook: Hook;
  readonly instance: HookInstance;
}

interface LoadedTarget {
  readonly plans: readonly InstancePlan[];
  readonly loaded: readonly LoadedInstance[];
}

const GENERATIONS: Parameters<typeof addon.BpfMap.create>[0] = {
  name: 'generations',
  type: 2, // BPF_MAP_TYPE_ARRAY
  keySize: 4,
  valueSize: 8,
  maxEntries: 1,
  flags: 1 << 10, // BPF_F_MMAPABLE
};

/** Descriptions of programs that are gone stay for records that are still on their way. */
const RETIRED_HOOKS = 1024;

/**
 * The policies' programs in the kernel. A change is a transaction: everything of the new set is planned and loaded, then
 * one store switches all hooks; if the new set cannot be loaded, the policy that is the reason is left out and said so.
 */
export class PolicySensor {
  readonly #facts: KernelFacts;
  readonly #options: ActionOptions;
  readonly #secret: StringSecret;
  readonly #shared: Map<string, BpfMap>;
  readonly #generations = addon.BpfMap.create(GENERATIONS);
  readonly #switch: BigUint64Array;
  readonly #roots = new Map<string, HookRoot>();
  readonly #hooks = new Map<number, Hook>();
  readonly #followed = new FollowedConditions();
  /** numbers of the followed conditions in force */
  #followedInForce: ReadonlySet<number> = new Set();
  #follow: FollowSensor | undefined;
  #owners: SockOwners | undefined;
  #ownersProblem: string | undefined;
  #targets = new Map<string, LoadedTarget>();
  #generation = 0;
  #nextHook = 1;
  #states: PolicyState[] = [];

  constructor(process: ProcessSensor, facts: KernelFacts, options: ActionOptions = { requests: 'none' }) {
    this.#facts = facts;
    this.#options = options;
    const { maps } = process;
    const secret = new DataView(
      maps.string_secrets.get(new Uint8Array(4))?.slice().buffer ?? new ArrayBuffer(16),
    );
    this.#secret = [secret.getBigUint64(0, true), secret.getBigUint64(8, true)];
    this.#shared = new Map(Object.entries(maps));
    this.#shared.delete('exec_scratches');
    this.#switch = new BigUint64Array(this.#generations.mmap(true));
  }

  get states(): readonly PolicyState[] {
    return this.#states;
  }

  /** Why events name no owner of a socket that no rule tracks; undefined when they do, or no policy has a socket. */
  get ownersProblem(): string | undefined {
    return this.#ownersProblem;
  }

  /** What a record's hook was, also for a while after its policies have changed. */
  readonly findHook = (_generation: number, id: number): Hook | undefined => this.#hooks.get(id);

  loadedHooks(): LoadedHook[] {
    return [...this.#targets].flatMap(([key, { plans, loaded }]) =>
      loaded.flatMap(({ hook, instance }, part) => {
        const plan = plans[part];
        const root = plan === undefined ? undefined : this.#roots.get(rootKey(plan.attach));
        if (root === undefined) return [];
        const suppressed = (): Map<number, bigint> => instance.suppressed();
        return [{ key, hook, mapBytes: instance.mapBytes, suppressed, info: root.info() }];
      }),
    );
  }

  /** Makes `policies` the set in force, in this order. Throws only what is no policy's fault. */
  apply(policies: readonly Policy[]): readonly PolicyState[] {
    const failed = new Map<Policy, PlanError>();
    const planned = new Map<Policy, Map<string, PolicyHook[]>>();
    try {
      for (const policy of policies)
        attempt(policy, failed, () =>
          planned.set(policy, planPolicy(policy, this.#facts, this.#followed, this.#options)),
        );
      while (!this.#tryToApply(planned, failed));
    } finally {
      this.#facts.forgetUserFiles();
    }
    this.#states = policies.map((policy) => {
      const error = failed.get(policy);
      return { policy, state: error === undefined ? 'enabled' : 'load_error', error };
    });
    return this.#states;
  }

  /** Detaches everything. */
  close(): void {
    for (const root of this.#roots.values()) root.close();
    for (const { loaded } of this.#targets.values()) for (const { instance } of loaded) instance.close();
    this.#roots.clear();
    this.#targets.clear();
    this.#endFollow();
    this.#endOwners();
    for (const name of LENT_MAPS) this.#shared.get(name)?.close();
    this.#generations.close();
  }

  /** One try with the policies that have not failed; false when one more has. Then nothing in force has changed. */
  #tryToApply(planned: Map<Policy, Map<string, PolicyHook[]>>, failed: Map<Policy, PlanError>): boolean {
    const byTarget = new Map<string, PolicyHook[]>();
    for (const [policy, targets] of planned)
      if (!failed.has(policy))
        for (const [key, hooks] of targets) byTarget.set(key, [...(byTarget.get(key) ?? []), ...hooks]);
    const generation = this.#generation + 1;
    const targets = new Map<string, LoadedTarget>();
    const made: HookInstance[] = [];
    const followed = numbersIn(byTarget.values());
    const follow = this.#planFollow(followed);
    if (follow !== undefined) targets.set('follow', this.#loadPlans('follow', [follow], generation, made));
    for (const [key, hooks] of byTarget) {
      const culprit = hooks.at(-1)?.policy;
      if (culprit === undefined) continue;
      if (!attempt(culprit, failed, () => targets.set(key, this.#loadTarget(key, hooks, generation, made)))) {
        for (const instance of made) instance.close();
        return false;
      }
    }
    const hasSocks = [...targets.values()].some(({ plans }) => plans.some(usesOwners));
    if (hasSocks) this.#noteOwners();
    this.#switchTo(targets, generation);
    if (!hasSocks) this.#endOwners();
    this.#followedInForce = followed;
    if (followed.size === 0) this.#endFollow();
    return true;
  }

  /** Prepares what processes inherit; undefined when no execve has to be looked at. */
  #planFollow(numbers: ReadonlySet<number>): InstancePlan | undefined {
    if (numbers.size === 0) return undefined;
    this.#follow ??= new FollowSensor();
    this.#shared.set(FOLLOWED_MAP, this.#follow.sets);
    return this.#followed.plan(numbers, this.#secret);
  }

  /** Sockets get an owner by themselves where the kernel has a way; else only where a rule tracks them. */
  #noteOwners(): void {
    const owners = this.#shared.get(OWNER_MAP);
    const states = this.#shared.get('process_states');
    if (this.#owners !== undefined || owners === undefined || states === undefined) return;
    const { trampoline, kprobe } = this.#facts.attach;
    try {
      this.#ownersProblem =
        trampoline || kprobe ? undefined : 'The kernel has neither trampolines nor kprobes';
      if (trampoline || kprobe)
        this.#owners = new SockOwners(trampoline ? 'trampoline' : 'kprobe', owners, states);
    } catch (error) {
      if (!(error instanceof BpfError)) throw error;
      this.#ownersProblem = error.message;
    }
  }

  /** What nothing keeps up to date any more is not used again. */
  #endOwners(): void {
    this.#owners?.close();
    this.#owners = undefined;
    this.#ownersProblem = undefined;
    this.#shared.get(OWNER_MAP)?.close();
    this.#shared.delete(OWNER_MAP);
  }

  #endFollow(): void {
    this.#follow?.close();
    this.#follow = undefined;
    this.#shared.delete(FOLLOWED_MAP);
  }

  /**
   * Lets living processes inherit from what their ancestors were before the policies came. Called with all processes, after
   * apply(), and again once those that began meanwhile are known.
   */
  noteLineages(lineages: Iterable<Lineage>): void {
    if (this.#follow === undefined) return;
    for (const lineage of lineages) {
      const met = this.#followed.metBy(lineage, this.#followedInForce);
      if (met.words.some((word) => word !== 0n)) this.#follow.add(lineage.tgid, met);
    }
  }

  /** Reuses the programs that serve the same plan already. */
  #loadTarget(
    key: string,
    hooks: readonly PolicyHook[],
    generation: number,
    made: HookInstance[],
  ): LoadedTarget {
    return this.#loadPlans(
      key,
      planInstances(hooks, this.#secret),
      generation,
      made,
      hooks.at(-1)?.policy.at,
    );
  }

  #loadPlans(
    key: string,
    plans: readonly InstancePlan[],
    generation: number,
    made: HookInstance[],
    at: PlanError['at'] = { file: '', line: 0, column: 0, text: '' },
  ): LoadedTarget {
    const before = this.#targets.get(key);
    const digests = plans.map((plan) => digestOf(plan, this.#secret));
    if (before !== undefined && digests.join() === before.loaded.map(({ digest }) => digest).join())
      return { plans, loaded: before.loaded };
    const [first] = plans;
    if (first === undefined) throw new RangeError('A target has a program');
    const root = this.#attachRoot(first, at);
    const loaded = plans.map((plan, part) => {
      const next = part + 1 < plans.length ? root.entry(plan.attach, generation, part + 1) : 0;
      if (next === undefined)
        throw new PlanError(
          at,
          `Cannot serve more policies on ${key}: their selectors need more programs than a hook can have`,
        );
      const id = this.#nextHook++;
      const instance = HookInstance.load(
        plan,
        { hook: id, generation, next },
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
      return { digest: digests[part] ?? '', hook, instance };
    });
    return { plans, loaded };
  }

  #attachRoot(plan: InstancePlan, at: PlanError['at']): HookRoot {
    try {
      return this.#rootOf(plan);
    } catch (error) {
      const { attach } = plan;
      // A function of the kernel's types that its tracing has left out: there is no room for a call to a trampoline.
      if (!(error instanceof BpfError) || error.errnoName !== 'EBUSY' || !('functionName' in attach))
        throw error;
      throw new PlanError(
        at,
        `Cannot hook "${attach.functionName}": the kernel does not let programs onto this function (EBUSY)`,
        'Use one that /sys/kernel/tracing/available_filter_functions lists.',
      );
    }
  }

  #rootOf({ attach }: InstancePlan): HookRoot {
    const key = rootKey(attach);
    let root = this.#roots.get(key);
    if (root === undefined) this.#roots.set(key, (root = new HookRoot(attach, this.#generations)));
    return root;
  }

  /** Fills the idle half of every root, then flips. The half in force is not touched. */
  #switchTo(targets: Map<string, LoadedTarget>, generation: number): void {
    const kept = new Map<string, Set<number>>();
    for (const { plans, loaded } of targets.values())
      plans.forEach((plan, part) => {
        const key = rootKey(plan.attach);
        const root = this.#rootOf(plan);
        const entry = root.entry(plan.attach, generation, part);
        const program = loaded[part]?.instance.program;
        if (entry === undefined || program === undefined)
          throw new RangeError(`No entry for ${targetKey(plan.attach)}`);
        root.put(entry, program.fd);
        kept.set(key, (kept.get(key) ?? new Set()).add(entry));
        const hook = loaded[part]?.hook;
        if (hook !== undefined) this.#hooks.set(hook.id, hook);
      });
    for (const [key, root] of this.#roots) root.clear(generation, kept.get(key) ?? new Set());
    this.#switch[0] = BigInt(generation);
    this.#generation = generation;
    this.#retire(targets, kept);
  }

  /** Lets go of what the new set does not use. A run that began before the switch goes on in what the other half holds. */
  #retire(targets: Map<string, LoadedTarget>, usedRoots: ReadonlyMap<string, unknown>): void {
    const used = new Set(
      [...targets.values()].flatMap(({ loaded }) => loaded.map(({ instance }) => instance)),
    );
    for (const { loaded } of this.#targets.values())
      for (const { instance } of loaded) if (!used.has(instance)) instance.close();
    for (const [key, root] of this.#roots)
      if (!usedRoots.has(key)) {
        root.close();
        this.#roots.delete(key);
      }
    this.#targets = targets;
    const live = new Set([...targets.values()].flatMap(({ loaded }) => loaded.map(({ hook }) => hook.id)));
    for (const id of this.#hooks.keys()) {
      if (this.#hooks.size <= live.size + RETIRED_HOOKS) break;
      if (!live.has(id)) this.#hooks.delete(id);
    }
  }
}

/** The followed conditions that hooks name. */
function numbersIn(targets: Iterable<readonly PolicyHook[]>): Set<number> {
  const numbers = new Set<number>();
  for (const hooks of targets)
    for (const { rules } of hooks)
      for (const { conditions } of rules)
        for (const number of followedNumbers(conditions)) numbers.add(number);
  return numbers;
}

/** Runs a step that may be this policy's fault. */
function attempt(policy: Policy, failed: Map<Policy, PlanError>, step: () => unknown): boolean {
  try {
    step();
    return true;
  } catch (error) {
    if (error instanceof PlanError) failed.set(policy, error);
    else if (error instanceof BpfError)
      failed.set(
        policy,
        new PlanError(policy.at, `Cannot load policy "${policy.name}": ${error.message}`, error.verifierLog),
      );
    else throw error;
    return false;
  }
}
