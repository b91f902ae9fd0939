// SPDX-License-Identifier: Apache-2.0
import { DimensionInput, FollowedPid, HookLimit } from '../events/gen/layouts.ts';
import type { BinaryCondition, PidCondition } from '../policy/model.ts';
import { classify } from './automaton.ts';
import type { Condition } from './condition.ts';
import type { RuleCondition } from './dimension-plan.ts';
import { buildDimension, dimensionKey } from './dimension.ts';
import type { InstancePlan } from './instance-plan.ts';
import { PlanError } from './plan-problem.ts';
import { RuleMask } from './rule-mask.ts';
import type { StringSecret } from './string-key.ts';
import { makeTable, type Table } from './table.ts';

const CONDITIONS_MAX = HookLimit.HOOK_WORDS_MAX * 64;

/** What conditions look at of a living process or one of its ancestors. */
export interface Relative {
  readonly tgid: number;
  /** 0 in the initial pid namespace */
  readonly namespacePid: number;
  readonly binary: string | undefined;
}

/** A living process with its ancestors, itself first. */
export type Lineage = readonly [Relative, ...Relative[]];

/** As struct followed. */
export interface Met {
  readonly met: RuleMask;
  readonly above: RuleMask;
}

interface FollowedCondition {
  readonly number: number;
  readonly meets: (relative: Relative) => boolean;
  /** what an execve must meet; undefined for processes that are given by their ids */
  readonly condition: Condition | undefined;
  /** those ids */
  readonly pids: readonly PidKey[];
}

interface PidKey {
  readonly pid: number;
  readonly inNamespace: boolean;
}

/**
 * Numbers the conditions of followChildren and followForks: a process keeps the set of those that it or an ancestor has met.
 * A number is never given to another condition, so what processes have noted stays right when policies change.
 */
export class FollowedConditions {
  readonly #known = new Map<string, FollowedCondition>();

  /** What every number means, the first one first, for restore(). */
  get keys(): readonly string[] {
    return [...this.#known.keys()];
  }

  /**
   * Goes on with the numbers of an earlier agent, as `keys` had them. False, and without effect, when so many are given that
   * conditions of its own could find none.
   */
  restore(keys: readonly string[]): boolean {
    if (keys.length > CONDITIONS_MAX / 2) return false;
    for (const [number, key] of keys.entries())
      this.#known.set(key, { number, meets: () => false, condition: undefined, pids: [] });
    return true;
  }

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
      pids: [],
      meets: ({ binary }) => binary !== undefined && meetsBinary(binary),
    });
  }

  /** An ancestor in the initial pid namespace has no id in a namespace. */
  numberOfPids({ values, isNamespacePid: inNamespace, at }: PidCondition): number {
    const pids = values.filter((pid) => pid !== 0 || !inNamespace);
    return this.#number(JSON.stringify([inNamespace ? 'namespace pids' : 'pids', pids]), at, {
      condition: undefined,
      pids: pids.map((pid) => ({ pid, inNamespace })),
      meets: ({ tgid, namespacePid }) => pids.includes(inNamespace ? namespacePid : tgid),
    });
  }

  /** What a lineage has met, of the conditions in `numbers`. */
  metBy([self, ...ancestors]: Lineage, numbers: ReadonlySet<number>): Met {
    const above = new RuleMask(HookLimit.HOOK_WORDS_MAX);
    const met = new RuleMask(HookLimit.HOOK_WORDS_MAX);
    for (const { number, meets } of this.#known.values()) {
      if (!numbers.has(number)) continue;
      const isAbove = ancestors.some(meets);
      if (isAbove) above.add(number);
      if (isAbove || meets(self)) met.add(number);
    }
    return { met, above };
  }

  /** By struct followed_pid, the conditions that a process with this id meets; of all that were ever numbered. */
  pidTable(): Table {
    const byKey = new Map<string, { key: PidKey; mask: RuleMask }>();
    for (const { number, pids } of this.#known.values())
      for (const key of pids) {
        const text = JSON.stringify(key);
        const row = byKey.get(text) ?? { key, mask: new RuleMask(HookLimit.HOOK_WORDS_MAX) };
        row.mask.add(number);
        byKey.set(text, row);
      }
    const rows = [...byKey.values()].map(({ key, mask }) => ({ key: pidKeyBytes(key), value: mask.bytes }));
    return makeTable('hash', FollowedPid.sizeof, rows, 8 * HookLimit.HOOK_WORDS_MAX);
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
        imaHash: none,
        unseen: none,
      },
      actions: [],
      policies: [],
    };
  }

  #number(key: string, at: PlanError['at'], about: Omit<FollowedCondition, 'number'>): number {
    const known = this.#known.get(key);
    if (known !== undefined) {
      // One of an earlier agent has a number and nothing else.
      this.#known.set(key, { number: known.number, ...about });
      return known.number;
    }
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

function pidKeyBytes({ pid, inNamespace }: PidKey): Uint8Array {
  const view = new DataView(new ArrayBuffer(FollowedPid.sizeof));
  view.setUint32(FollowedPid.pid, pid, true);
  view.setUint32(FollowedPid.inNamespace, inNamespace ? 1 : 0, true);
  return new Uint8Array(view.buffer);
}

type FollowedInput = typeof DimensionInput.INPUT_FOLLOWED | typeof DimensionInput.INPUT_FOLLOWED_ABOVE;

/** The condition of a hook's rule: the process or an ancestor (`INPUT_FOLLOWED_ABOVE`: an ancestor) has met condition `number`. */
export function followedCondition(
  number: number,
  negated: boolean,
  input: FollowedInput = DimensionInput.INPUT_FOLLOWED,
): Condition {
  return {
    at: { input, entry: 0, other: 0 },
    negated,
    accepted: { class: 'bits', mask: 1n << BigInt(number) },
  };
}

const FOLLOWED_INPUTS: readonly number[] = [
  DimensionInput.INPUT_FOLLOWED,
  DimensionInput.INPUT_FOLLOWED_ABOVE,
];

/** The numbers of followed conditions that a rule's conditions name. */
export function followedNumbers(conditions: readonly Condition[]): number[] {
  return conditions.flatMap(({ at, accepted }) =>
    FOLLOWED_INPUTS.includes(at.input) && accepted.class === 'bits'
      ? [accepted.mask.toString(2).length - 1]
      : [],
  );
}
