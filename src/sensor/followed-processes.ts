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

/** What processes inherit for followChildren and followForks: kept only while a policy needs it. */
export class FollowedProcesses {
  readonly conditions = new FollowedConditions();
  readonly #secret: StringSecret;
  readonly #shared: Map<string, BpfMap>;
  /** numbers of the conditions in force */
  #inForce: ReadonlySet<number> = new Set();
  #sensor: FollowSensor | undefined;
  /** its table of pids */
  #pids: Table | undefined;

  constructor(secret: StringSecret, shared: Map<string, BpfMap>) {
    this.#secret = secret;
    this.#shared = shared;
  }

  /** Prepares for the conditions in `numbers`; undefined when no execve has to be looked at. */
  plan(numbers: ReadonlySet<number>): InstancePlan | undefined {
    if (numbers.size === 0) return undefined;
    this.#sensor = this.#sensorFor(this.conditions.pidTable());
    this.#shared.set(FOLLOWED_MAP, this.#sensor.sets);
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
    const sensor = new FollowSensor(pids, before?.sets);
    this.#pids = pids;
    before?.close();
    return sensor;
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

  close(): void {
    this.#sensor?.close();
    this.#sensor = undefined;
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
