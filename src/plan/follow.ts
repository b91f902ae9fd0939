// SPDX-License-Identifier: Apache-2.0
import { DimensionInput, HookLimit } from '../events/gen/layouts.ts';
import type { BinaryCondition, PidCondition } from '../policy/model.ts';
import { classify } from './automaton.ts';
import type { Condition } from './condition.ts';
import type { RuleCondition } from './dimension-plan.ts';
import { buildDimension, dimensionKey } from './dimension.ts';
import type { InstancePlan } from './instance-plan.ts';
import { PlanError } from './plan-problem.ts';
import { RuleMask } from './rule-mask.ts';
import type { StringSecret } from './string-key.ts';

const CONDITIONS_MAX = HookLimit.HOOK_WORDS_MAX * 64;

/** A process with its ancestors, itself first. */
export interface Lineage {
  readonly tgid: number;
  readonly binaries: readonly string[];
  readonly tgids: readonly number[];
}

interface FollowedCondition {
  readonly number: number;
  /** what an execve must meet; undefined for processes that are given by their ids */
  readonly condition: Condition | undefined;
  readonly meets: (lineage: Lineage) => boolean;
}

/**
 * Numbers the conditions of followChildren and followForks: a process keeps the set of those that it or an ancestor has met.
 * A number is never given to another condition, so what processes have noted stays right when policies change.
 */
export class FollowedConditions {
  readonly #known = new Map<string, FollowedCondition>();

  /** Throws a PlanError when all numbers are given. */
  numberOfBinary(policyCondition: BinaryCondition, condition: Condition): number {
    const { match, values, at } = policyCondition;
    const meetsBinary = {
      exact: (binary: string) => values.includes(binary),
      prefix: (binary: string) => values.some((value) => binary.startsWith(value)),
      postfix: (binary: string) => values.some((value) => binary.endsWith(value)),
    }[match];
    return this.#number(JSON.stringify([match, values]), at, {
      condition: { ...condition, negated: false },
      meets: ({ binaries }) => binaries.some(meetsBinary),
    });
  }

  numberOfPids({ values, at }: PidCondition): number {
    return this.#number(JSON.stringify(['pids', values]), at, {
      condition: undefined,
      meets: ({ tgids }) => tgids.some((tgid) => values.includes(tgid)),
    });
  }

  /** The set of what a lineage has met, of the conditions in `numbers`. */
  metBy(lineage: Lineage, numbers: ReadonlySet<number>): RuleMask {
    const mask = new RuleMask(HookLimit.HOOK_WORDS_MAX);
    for (const { number, meets } of this.#known.values())
      if (numbers.has(number) && meets(lineage)) mask.add(number);
    return mask;
  }

  /** The program that notes what an execve meets; undefined when none of the conditions is about binaries. */
  plan(numbers: ReadonlySet<number>, secret: StringSecret): InstancePlan | undefined {
    const conditions: RuleCondition[] = [...this.#known.values()].flatMap(({ number, condition }) =>
      condition === undefined || !numbers.has(number) ? [] : [{ rule: number, condition }],
    );
    if (conditions.length === 0) return undefined;
    const words = Math.ceil((Math.max(...conditions.map(({ rule }) => rule)) + 1) / 64);
    const all = new RuleMask(words);
    for (const { rule } of conditions) all.add(rule);
    const none = new RuleMask(words);
    const alphabet = classify([], false);
    const context = { words, all, matchOnError: none, secret, alphabets: [alphabet, alphabet] } as const;
    const byTable = Map.groupBy(conditions, ({ condition }) => dimensionKey(condition));
    return {
      attach: { by: 'follow' },
      shown: { kind: 'tracepoint', subsystem: 'sched', event: 'sched_process_exec' },
      syscallRegisters: false,
      argumentCount: 0,
      atReturn: false,
      alphabets: [alphabet.classes, alphabet.classes],
      values: [],
      dimensions: [...byTable.values()].map((table) => buildDimension(table, context)),
      words,
      rules: {
        all,
        first: none,
        last: none,
        carries: new Array<boolean>(words).fill(false),
        post: none,
        kernelStack: none,
        userStack: none,
      },
      actions: [],
      policies: [],
    };
  }

  #number(key: string, at: PlanError['at'], about: Omit<FollowedCondition, 'number'>): number {
    const known = this.#known.get(key);
    if (known !== undefined) return known.number;
    const number = this.#known.size;
    if (number >= CONDITIONS_MAX)
      throw new PlanError(
        at,
        `Cannot follow the descendants of more than ${CONDITIONS_MAX} different conditions`,
        'Restart the agent: it numbers those that are in use anew.',
      );
    this.#known.set(key, { number, ...about });
    return number;
  }
}

/** The condition of a hook's rule: the process or an ancestor has met condition `number`. */
export function followedCondition(number: number, negated: boolean): Condition {
  return {
    at: { input: DimensionInput.INPUT_FOLLOWED, entry: 0, other: 0 },
    negated,
    accepted: { class: 'bits', mask: 1n << BigInt(number) },
  };
}

/** The numbers of followed conditions that a rule's conditions name. */
export function followedNumbers(conditions: readonly Condition[]): number[] {
  return conditions.flatMap(({ at, accepted }) =>
    at.input === DimensionInput.INPUT_FOLLOWED && accepted.class === 'bits'
      ? [accepted.mask.toString(2).length - 1]
      : [],
  );
}
