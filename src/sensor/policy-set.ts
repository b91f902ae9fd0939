// SPDX-License-Identifier: Apache-2.0
import { policyEnforces } from '../plan/plan-enforcement.ts';
import type { PlanError } from '../plan/plan-problem.ts';
import type { Policy } from '../policy/model.ts';
import { ProblemCode } from '../policy/problem.ts';
import { PolicyRefusal } from './policy-refusal.ts';
import type { Mode } from './policy-modes.ts';
import type { PolicySensor } from './policy-sensor.ts';
import { policyKey } from './policy-key.ts';

type SetSensor = Pick<PolicySensor, 'apply' | 'change' | 'setModes'>;

/** A policy that the agent was given, and what became of it. */
export interface PolicyEntry {
  readonly policy: Policy;
  /** who gave it: `static` for files, `grpc` for clients without a domain of their own */
  readonly domain: string;
  readonly id: number;
  readonly state: 'enabled' | 'disabled' | 'load_error';
  readonly mode: Mode;
  /** why it is not in force */
  readonly error: PlanError | undefined;
}

/** How clients name a policy; an empty domain is any. */
export interface PolicyName {
  readonly namespace: string;
  readonly name: string;
  readonly domain: string;
}

export interface HowToAdd {
  /** policies of the same names are replaced; else they are a problem */
  readonly replace?: boolean;
  /** in place of the policies' own */
  readonly mode?: Mode | undefined;
}

/** The policies that the agent was given. Each change is a transaction: it throws a PolicyRefusal and has changed nothing. */
export class PolicySet {
  readonly #sensor: SetSensor;
  /** no policy acts, whatever its own mode */
  readonly #monitorOnly: boolean;
  /** by namespace and name, in the order in which they came into force */
  #entries: ReadonlyMap<string, PolicyEntry> = new Map();
  #nextId = 1;

  constructor(sensor: SetSensor, { monitorOnly }: { monitorOnly: boolean } = { monitorOnly: false }) {
    this.#sensor = sensor;
    this.#monitorOnly = monitorOnly;
  }

  get entries(): PolicyEntry[] {
    return [...this.#entries.values()];
  }

  /** Begins with these; a policy that cannot be loaded is left out and leaves the others alone. */
  begin(policies: readonly Policy[], domain: string): void {
    this.#sensor.setModes(new Map(policies.map((policy) => [policy, this.#firstMode(policy)])));
    const failed = this.#sensor.apply(policies);
    this.#entries = new Map(
      policies.map((policy) => {
        const error = failed.get(policy);
        return [policyKey(policy), this.#entry(policy, domain, error)];
      }),
    );
  }

  /** Adds all of them or none. One that is there already is refused unless it failed to load, or is to be replaced. */
  add(policies: readonly Policy[], domain: string, { replace = false, mode }: HowToAdd = {}): void {
    if (mode === 'enforce') this.#refuseMonitorOnly('policies');
    const problems = policies.flatMap((policy) => {
      const known = this.#entries.get(policyKey(policy));
      if (known === undefined || known.state === 'load_error' || replace) return [];
      return [
        {
          code: ProblemCode.Duplicate,
          at: policy.at,
          message: `Cannot add policy "${policy.name}": one of this name is loaded, in the domain "${known.domain}"`,
          remedy: 'Delete that one first, or replace it with "merlon policy add --replace".',
        },
      ];
    });
    if (problems.length > 0) throw new PolicyRefusal('exists', problems);
    const next = new Map(this.#entries);
    for (const policy of policies) {
      next.delete(policyKey(policy));
      const entry = this.#entry(policy, domain);
      next.set(policyKey(policy), mode === undefined ? entry : { ...entry, mode });
    }
    this.#change(next);
  }

  delete(name: PolicyName): void {
    const next = new Map(this.#entries);
    next.delete(policyKey(this.#find(name).policy));
    this.#change(next);
  }

  /** Puts a policy in force that was disabled, or that could not be loaded before. */
  enable(name: PolicyName): void {
    const entry = this.#find(name);
    if (entry.state === 'enabled') return;
    const next = new Map(this.#entries);
    next.delete(policyKey(entry.policy));
    next.set(policyKey(entry.policy), { ...entry, state: 'enabled', error: undefined });
    this.#change(next);
  }

  /** Takes a policy out of force and keeps it. */
  disable(name: PolicyName): void {
    const entry = this.#find(name);
    const next = new Map(this.#entries);
    next.set(policyKey(entry.policy), { ...entry, state: 'disabled', error: undefined });
    this.#change(next);
  }

  /** Lets the rules of a policy act, or only tell what they would have done: from the next hit on. */
  setMode(name: PolicyName, mode: Mode): void {
    const entry = this.#find(name);
    if (!policyEnforces(entry.policy))
      throw new PolicyRefusal(
        'invalid',
        [],
        `Cannot set the mode of policy "${name.name}": none of its actions denies or signals`,
      );
    if (mode === 'enforce') this.#refuseMonitorOnly(`policy "${name.name}"`);
    this.#sensor.setModes(new Map([[entry.policy, mode]]));
    this.#entries = new Map(this.#entries).set(policyKey(entry.policy), { ...entry, mode });
  }

  #refuseMonitorOnly(what: string): void {
    if (this.#monitorOnly)
      throw new PolicyRefusal(
        'invalid',
        [],
        `Cannot let ${what} enforce: the agent runs with --monitor-only`,
      );
  }

  #firstMode({ options: { mode = 'enforce' } }: Policy): Mode {
    return this.#monitorOnly ? 'monitor' : mode;
  }

  #entry(policy: Policy, domain: string, error?: PlanError): PolicyEntry {
    const state = error === undefined ? 'enabled' : 'load_error';
    return { policy, domain, id: this.#nextId++, state, mode: this.#firstMode(policy), error };
  }

  #find({ namespace, name, domain }: PolicyName): PolicyEntry {
    const entry = this.#entries.get(policyKey({ namespace, name }));
    if (entry !== undefined && (domain === '' || domain === entry.domain)) return entry;
    const full = namespace === '' ? name : `${namespace}/${name}`;
    const where = domain === '' ? '' : ` in the domain "${domain}"`;
    throw new PolicyRefusal('missing', [], `No policy "${full}" is loaded${where}: see "merlon policy list"`);
  }

  #change(next: ReadonlyMap<string, PolicyEntry>): void {
    const enabled = [...next.values()].filter(({ state }) => state === 'enabled');
    this.#sensor.setModes(new Map(enabled.map(({ policy, mode }) => [policy, mode])));
    const failed = this.#sensor.change(enabled.map(({ policy }) => policy));
    if (failed.size > 0)
      throw new PolicyRefusal(
        'invalid',
        [...failed.values()].map(({ at, message, remedy }) => ({
          ...{ code: ProblemCode.Kernel, at, message },
          ...(remedy === undefined ? {} : { remedy }),
        })),
      );
    this.#entries = next;
  }
}
