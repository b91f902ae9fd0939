// SPDX-License-Identifier: Apache-2.0
import type { BpfMap } from '../../native/index.d.ts';
import type { Hook } from '../events/hook.ts';
import { BpfError } from '../kernel/bpf-error.ts';
import { isFunctionTarget } from '../plan/attach-target.ts';
import type { Lineage } from '../plan/follow.ts';
import type { KernelFacts } from '../plan/kernel-facts.ts';
import type { ActionOptions } from '../plan/plan-actions.ts';
import { planInstances } from '../plan/plan-instances.ts';
import type { PolicyHook } from '../plan/plan-policies.ts';
import { planPolicy } from '../plan/plan-policies.ts';
import { PlanError } from '../plan/plan-problem.ts';
import { type PlannedSet, planSet } from '../plan/plan-set.ts';
import type { StringSecret } from '../plan/string-key.ts';
import type { Policy } from '../policy/model.ts';
import { FollowedProcesses, numbersIn } from './followed-processes.ts';
import { IMA_MAP, LENT_MAPS, MODE_MAP, usesOwners } from './hook-instance.ts';
import type { LoadedHook, PreparedPrograms } from './hook-programs.ts';
import { HookPrograms } from './hook-programs.ts';
import { RefusedTarget } from './hook-roots.ts';
import { OwnerTracking } from './owner-tracking.ts';
import type { Mode } from './policy-modes.ts';
import { PolicyModes } from './policy-modes.ts';
import { PolicyPins } from './policy-pins.ts';
import type { ProcessSensor } from './process-sensor.ts';
import type { EntryCounts } from './rule-counts.ts';
import { policyKey } from './policy-key.ts';

/** Policies that cannot be in force, each with the reason. */
export type FailedPolicies = ReadonlyMap<Policy, PlanError>;

/**
 * The policies' programs in the kernel. A change is a transaction: everything of the new set is planned and loaded, then
 * one store switches all hooks; if the new set cannot be loaded, the policy that is the reason is left out and said so.
 */
export class PolicySensor {
  readonly #facts: KernelFacts;
  readonly #options: ActionOptions;
  readonly #secret: StringSecret;
  readonly #shared: Map<string, BpfMap>;
  readonly #programs: HookPrograms;
  readonly #followed: FollowedProcesses;
  readonly #owners: OwnerTracking;
  readonly #modes = new PolicyModes();
  readonly #pins: PolicyPins;
  #inForce = new Map<string, Policy>();

  /** `pins` have what an earlier agent left in force; it stays so until the first apply() or change(). */
  constructor(
    process: ProcessSensor,
    facts: KernelFacts,
    options: ActionOptions = { requests: 'none' },
    pins: PolicyPins = PolicyPins.none(),
  ) {
    this.#facts = facts;
    this.#pins = pins;
    this.#options = { ...options, numberOf: this.#modes.numberOf };
    const { maps } = process;
    const secret = new DataView(
      maps.string_secrets.get(new Uint8Array(4))?.slice().buffer ?? new ArrayBuffer(16),
    );
    this.#secret = [secret.getBigUint64(0, true), secret.getBigUint64(8, true)];
    this.#shared = new Map(Object.entries(maps));
    this.#shared.delete('exec_scratches');
    this.#shared.set(MODE_MAP, this.#modes.map);
    // The program that takes hashes is attached with its root, and tells them by this map.
    const imaStates = pins.openMap(IMA_MAP);
    if (imaStates !== undefined) this.#shared.set(IMA_MAP, imaStates);
    this.#programs = new HookPrograms(this.#secret, this.#shared, pins);
    this.#followed = new FollowedProcesses(this.#secret, this.#shared, pins);
    this.#owners = new OwnerTracking(facts.attach, this.#shared, pins);
  }

  /** Why events name no owner of a socket that no rule tracks; undefined when they do, or no policy has a socket. */
  get ownersProblem(): string | undefined {
    return this.#owners.problem;
  }

  /** What a record's hook was, also for a while after its policies have changed. */
  get findHook(): (generation: number, id: number) => Hook | undefined {
    return this.#programs.findHook;
  }

  loadedHooks(): LoadedHook[] {
    return this.#programs.describe();
  }

  /** What `policies` as the whole set would load; nothing is loaded. */
  plan(policies: readonly Policy[]): PlannedSet {
    try {
      return planSet(policies, this.#facts, this.#options);
    } finally {
      this.#facts.forgetFiles();
    }
  }

  /** What the rules of all policies in force have counted since their policy came into force. */
  counts(): EntryCounts[] {
    return this.#programs.counts();
  }

  /**
   * Makes `policies` the set in force, in this order, without those that cannot be loaded: the result. Throws only what is
   * no policy's fault.
   */
  apply(policies: readonly Policy[]): FailedPolicies {
    return this.#load(policies, true);
  }

  /** Makes all of `policies` the set in force, in this order, or changes nothing and tells which cannot be loaded. */
  change(policies: readonly Policy[]): FailedPolicies {
    return this.#load(policies, false);
  }

  /** Whether the rules of policies act from now on: of those in force, and of those that the next change is about. */
  setModes(modes: ReadonlyMap<Policy, Mode>): void {
    for (const [policy, mode] of modes) this.#modes.set(policy, mode);
  }

  /**
   * Lets living processes inherit from what their ancestors were before the policies came. Called with all processes, after
   * apply(), and again once those that began meanwhile are known.
   */
  noteLineages(lineages: Iterable<Lineage>): void {
    this.#followed.note(lineages);
  }

  /** Lets go of everything, and without `keep` detaches it. With it the policies stay in force when the agent ends. */
  close(keep = false): void {
    this.#programs.close(keep);
    this.#followed.close(keep);
    this.#owners.stop(keep);
    this.#modes.close();
    for (const name of LENT_MAPS) this.#shared.get(name)?.close();
    this.#pins.close(keep);
  }

  #load(policies: readonly Policy[], leavesOut: boolean): FailedPolicies {
    const failed = new Map<Policy, PlanError>();
    const planned = new Map<Policy, Map<string, PolicyHook[]>>();
    try {
      for (const policy of policies) this.#plan(policy, planned, failed);
      const mayGoOn = (): boolean => leavesOut || failed.size === 0;
      while (mayGoOn() && !this.#tryToApply(planned, failed));
      if (mayGoOn()) this.#noteInForce(policies.filter((policy) => !failed.has(policy)));
    } finally {
      this.#facts.forgetFiles();
      this.#programs.detachUnused();
      this.#modes.keep(new Set(this.#inForce.values()));
    }
    return failed;
  }

  #noteInForce(policies: readonly Policy[]): void {
    const inForce = new Map(policies.map((policy) => [policyKey(policy), policy]));
    for (const [key, policy] of this.#inForce)
      if (inForce.get(key) !== policy) this.#programs.forgetCounts(key);
    this.#inForce = inForce;
  }

  #plan(
    policy: Policy,
    planned: Map<Policy, Map<string, PolicyHook[]>>,
    failed: Map<Policy, PlanError>,
  ): void {
    attempt(policy, failed, () =>
      planned.set(policy, planPolicy(policy, this.#facts, this.#followed.conditions, this.#options)),
    );
  }

  /**
   * One try with the policies that have not failed; false when one more has, or policies have another plan now. Then nothing
   * in force has changed.
   */
  #tryToApply(planned: Map<Policy, Map<string, PolicyHook[]>>, failed: Map<Policy, PlanError>): boolean {
    const byTarget = new Map<string, PolicyHook[]>();
    for (const [policy, targets] of planned)
      if (!failed.has(policy))
        for (const [key, hooks] of targets) byTarget.set(key, [...(byTarget.get(key) ?? []), ...hooks]);
    if (!this.#attachFunctions(byTarget, planned, failed)) return false;
    const numbers = numbersIn(byTarget.values());
    const prepared = this.#prepare(byTarget, numbers, failed);
    if (prepared === undefined) return false;
    const hasSocks = [...prepared.targets.values()].some(({ plans }) => plans.some(usesOwners));
    if (hasSocks) this.#owners.start();
    this.#programs.switchTo(prepared);
    if (!hasSocks) this.#owners.stop();
    this.#followed.settle(numbers);
    return true;
  }

  /** False when the kernel refuses targets: their policies have new plans. Before anything is loaded for the others. */
  #attachFunctions(
    byTarget: ReadonlyMap<string, readonly PolicyHook[]>,
    planned: Map<Policy, Map<string, PolicyHook[]>>,
    failed: Map<Policy, PlanError>,
  ): boolean {
    let complete = true;
    for (const hooks of byTarget.values()) {
      const attach = hooks[0]?.target.attach;
      if (attach === undefined || !isFunctionTarget(attach)) continue;
      try {
        this.#programs.attach(attach);
      } catch (error) {
        if (!(error instanceof RefusedTarget)) throw error;
        this.#facts.refusals.set(error.key, error.why);
        for (const { policy } of hooks) this.#plan(policy, planned, failed);
        complete = false;
      }
    }
    return complete;
  }

  /** Loads what the hooks need; undefined when a policy, now in `failed`, is the reason that it cannot be. */
  #prepare(
    byTarget: ReadonlyMap<string, readonly PolicyHook[]>,
    numbers: ReadonlySet<number>,
    failed: Map<Policy, PlanError>,
  ): PreparedPrograms | undefined {
    const prepared = this.#programs.prepare();
    let complete = false;
    try {
      const follow = this.#followed.plan(numbers);
      if (follow !== undefined) this.#programs.load(prepared, 'follow', [follow]);
      complete = [...byTarget].every(([key, hooks]) => {
        // The one that came last: with the others before it the hook was in force.
        const culprit = hooks.at(-1);
        const load = (): void =>
          this.#programs.load(prepared, key, planInstances(hooks, this.#secret), culprit?.at);
        return culprit === undefined || attempt(culprit.policy, failed, load, culprit.at);
      });
      return complete ? prepared : undefined;
    } finally {
      if (!complete) {
        this.#programs.abandon(prepared);
        this.#followed.settle();
      }
    }
  }
}

/** Runs a step that may be this policy's fault. */
function attempt(
  policy: Policy,
  failed: Map<Policy, PlanError>,
  step: () => unknown,
  at = policy.at,
): boolean {
  try {
    step();
    return true;
  } catch (error) {
    if (error instanceof PlanError) failed.set(policy, error);
    else if (error instanceof BpfError)
      failed.set(
        policy,
        new PlanError(at, `Cannot load policy "${policy.name}": ${error.message}`, error.verifierLog),
      );
    else throw error;
    return false;
  }
}
