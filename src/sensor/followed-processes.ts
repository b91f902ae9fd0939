// SPDX-License-Identifier: Apache-2.0
import type { BpfMap } from '../../native/index.d.ts';
import type { Lineage } from '../plan/follow.ts';
import { FollowedConditions, followedNumbers } from '../plan/follow.ts';
import type { InstancePlan } from '../plan/instance-plan.ts';
import type { PolicyHook } from '../plan/plan-policies.ts';
import type { StringSecret } from '../plan/string-key.ts';
import type { Table } from '../plan/table.ts';
import { FollowSensor } from './follow-sensor.ts';
import { FOLLOWED_MAP } from './hook-instance.ts';
import { makeJsonMap, readJsonMap } from './json-map.ts';
import type { PolicyPins } from './policy-pins.ts';
import { newGroup } from './policy-pins.ts';

/** Pinned beside the sets: what their numbers mean. */
const CONDITIONS_MAP = 'conditions';
/** Raised when the keys of conditions change. */
const CONDITIONS_FORMAT = 1;

/** What processes inherit for followChildren and followForks: kept only while a policy needs it. */
export class FollowedProcesses {
  readonly conditions = new FollowedConditions();
  readonly #secret: StringSecret;
  readonly #shared: Map<string, BpfMap>;
  readonly #pins: PolicyPins;
  /** what processes have met by the account of an earlier agent, while it is kept up to date */
  #earlier: BpfMap | undefined;
  /** names of pins */
  #sensorGroup = '';
  #conditionsGroup = '';
  #keptConditions = 0;
  /** numbers of the conditions in force */
  #inForce: ReadonlySet<number> = new Set();
  #sensor: FollowSensor | undefined;
  /** its table of pids */
  #pids: Table | undefined;

  constructor(secret: StringSecret, shared: Map<string, BpfMap>, pins: PolicyPins) {
    this.#secret = secret;
    this.#shared = shared;
    this.#pins = pins;
    this.#restore();
  }

  /** Prepares for the conditions in `numbers`; undefined when no execve has to be looked at. */
  plan(numbers: ReadonlySet<number>): InstancePlan | undefined {
    if (numbers.size === 0) return undefined;
    this.#sensor = this.#sensorFor(this.conditions.pidTable());
    this.#shared.set(FOLLOWED_MAP, this.#sensor.sets);
    this.#keepConditions();
    return this.conditions.plan(numbers, this.#secret);
  }

  /** A table for more pids needs another program; both may note the same for a moment. */
  #sensorFor(pids: Table): FollowSensor {
    const before = this.#sensor;
    if (
      before !== undefined &&
      this.#pids !== undefined &&
      Buffer.compare(this.#pids.values, pids.values) === 0
    )
      return before;
    const sensor = new FollowSensor(pids, before?.sets ?? this.#earlier);
    const group = newGroup('follow');
    try {
      this.#pins.keep(group, sensor.pinned);
    } catch (error) {
      sensor.close();
      throw error;
    }
    this.#pids = pids;
    this.#pins.drop(this.#sensorGroup);
    this.#sensorGroup = group;
    before?.close();
    return sensor;
  }

  /** What an earlier agent's conditions have met stays known, also of ancestors that have ended. */
  #restore(): void {
    const sets = this.#pins.openMap(FOLLOWED_MAP);
    const conditions = this.#pins.openMaps(CONDITIONS_MAP);
    try {
      // An agent that was killed while it numbered a further condition has left two.
      const [last] = conditions
        .map((map) => readJsonMap(map, CONDITIONS_FORMAT))
        .sort((one, other) => other.lastId - one.lastId);
      if (sets === undefined || last === undefined) return;
      const { value } = last;
      if (Array.isArray(value) && this.conditions.restore(value as string[])) this.#earlier = sets;
    } catch (error) {
      this.#pins.warn('What an earlier agent has followed cannot be read; it is looked for anew', {
        reason: (error as Error).message,
      });
    } finally {
      for (const map of conditions) map.close();
      if (this.#earlier === undefined) sets?.close();
    }
  }

  /** Before a program is in force that notes by new numbers. */
  #keepConditions(): void {
    const { keys } = this.conditions;
    if (keys.length === this.#keptConditions) return;
    const map = makeJsonMap(CONDITIONS_MAP, CONDITIONS_FORMAT, keys, keys.length);
    const group = newGroup('conditions');
    try {
      this.#pins.keep(group, {
        maps: new Map([[CONDITIONS_MAP, map]]),
        programs: new Map(),
        links: new Map(),
      });
    } finally {
      map.close();
    }
    this.#pins.drop(this.#conditionsGroup);
    this.#conditionsGroup = group;
    this.#keptConditions = keys.length;
  }

  /** Goes on with the conditions in force, or with those of a change that has come into force. */
  settle(numbers = this.#inForce): void {
    this.#inForce = numbers;
    if (numbers.size === 0) this.close();
  }

  /** Adds what living processes have met through their ancestors. */
  note(lineages: Iterable<Lineage>): void {
    if (this.#sensor === undefined) return;
    for (const lineage of lineages) {
      const met = this.conditions.metBy(lineage, this.#inForce);
      if (met.met.words.some((word) => word !== 0n)) this.#sensor.add(lineage[0].tgid, met);
    }
  }

  /** With `keep`, what is pinned goes on. */
  close(keep = false): void {
    if (!keep) {
      this.#pins.drop(this.#sensorGroup);
      this.#pins.drop(this.#conditionsGroup);
      this.#keptConditions = 0;
    }
    this.#sensor?.close();
    this.#sensor = undefined;
    this.#earlier?.close();
    this.#earlier = undefined;
    this.#shared.delete(FOLLOWED_MAP);
  }
}

/** The followed conditions that hooks name. */
export function numbersIn(targets: Iterable<readonly PolicyHook[]>): Set<number> {
  const numbers = new Set<number>();
  for (const hooks of targets)
    for (const { rules } of hooks)
      for (const { conditions } of rules)
        for (const number of followedNumbers(conditions)) numbers.add(number);
  return numbers;
}
