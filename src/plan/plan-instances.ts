// SPDX-License-Identifier: Apache-2.0
import { DimensionInput, EnforcerRole, HookLimit, RateScope } from '../events/gen/layouts.ts';
import type { HookPolicy } from '../events/hook.ts';
import type { CelNode } from '../policy/cel-node.ts';
import { classify } from './automaton.ts';
import { mapCelArguments } from './cel-arguments.ts';
import { type Condition, isOfBinary, isOfPath } from './condition.ts';
import type { RuleCondition } from './dimension-plan.ts';
import { buildDimension, dimensionKey } from './dimension.ts';
import type { InstancePlan, RuleAction, RuleSets } from './instance-plan.ts';
import type { Enforcement } from './plan-enforcement.ts';
import { PlanError } from './plan-problem.ts';
import type { PlannedRule, PolicyHook } from './plan-policies.ts';
import { RuleMask } from './rule-mask.ts';
import type { StringSecret } from './string-key.ts';
import { type ValuePlan, valueKey } from './value-plan.ts';

const WORD_RULES = 64;
const RULES_MAX = HookLimit.HOOK_WORDS_MAX * WORD_RULES;

/**
 * Puts the hooks of all policies on one target into as few programs as their limits allow; usually one. Throws a PlanError
 * when one hook alone is too much.
 */
export function planInstances(hooks: readonly PolicyHook[], secret: StringSecret): InstancePlan[] {
  const groups: Group[] = [];
  for (const hook of hooks) {
    if (groups.some((group) => group.add(hook))) continue;
    const group = new Group();
    if (!group.add(hook))
      throw new PlanError(
        hook.at,
        `Cannot put a hook of policy "${hook.policy.name}" into one program: at most ${HookLimit.HOOK_VALUES_MAX} values, ` +
          `${HookLimit.HOOK_DIMENSIONS_MAX} kinds of conditions and ${RULES_MAX} selectors fit`,
        'Divide the hook over several policies.',
      );
    groups.push(group);
  }
  refuseSecondWriter(hooks, groups);
  return groups.map((group) => group.plan(secret));
}

/** The programs of a hook run one after the other, and each looks at the registers that the one before has left. */
function refuseSecondWriter(hooks: readonly PolicyHook[], groups: readonly Group[]): void {
  if (groups.filter((group) => group.writesRegisters).length < 2) return;
  const writer = hooks.findLast(writesRegisters);
  if (writer === undefined) throw new RangeError('A group that writes has a hook that does');
  throw new PlanError(
    writer.at,
    'Cannot have several programs of one hook change registers',
    'Use fewer values and kinds of conditions on this hook, so that one program holds them all.',
  );
}

function writesRegisters({ rules }: PolicyHook): boolean {
  return rules.some(({ enforcement }) => enforcement?.writes.some(({ target }) => target === 'register'));
}

interface PlacedHook {
  readonly hook: PolicyHook;
  readonly firstRule: number;
  /** position in the program's values, by position in the hook's */
  readonly entries: readonly number[];
}

/** The hooks of one program while it fills. */
class Group {
  readonly #placed: PlacedHook[] = [];
  readonly #values: ValuePlan[] = [];
  readonly #valueKeys = new Map<string, number>();
  /** conditions by table; a rule's second condition for one table gets a table of its own */
  readonly #dimensions = new Map<string, RuleCondition[]>();
  #rules = 0;

  get writesRegisters(): boolean {
    return this.#placed.some(({ hook }) => writesRegisters(hook));
  }

  /** False, and nothing changed, when it does not fit. */
  add(hook: PolicyHook): boolean {
    const newKeys = new Set(hook.values.map(valueKey).filter((key) => !this.#valueKeys.has(key)));
    if (this.#values.length + newKeys.size > HookLimit.HOOK_VALUES_MAX) return false;
    const firstRule = firstRuleOf(this.#rules, hook.rules.length);
    if (firstRule + hook.rules.length > RULES_MAX) return false;
    const entries = hook.values.map((value) => this.#peekEntry(value, newKeys));
    const additions = new Map<string, RuleCondition[]>();
    hook.rules.forEach((rule, index) => this.#collect(rule, firstRule + index, entries, additions));
    const names = new Set([...this.#dimensions.keys(), ...additions.keys()]);
    if (names.size > HookLimit.HOOK_DIMENSIONS_MAX) return false;

    for (const value of hook.values)
      if (!this.#valueKeys.has(valueKey(value)))
        this.#valueKeys.set(valueKey(value), this.#values.push(value) - 1);
    for (const [name, conditions] of additions)
      this.#dimensions.set(name, [...(this.#dimensions.get(name) ?? []), ...conditions]);
    this.#placed.push({ hook, firstRule, entries });
    // The word in which a policy ends that began in another is that policy's alone.
    const end = firstRule + hook.rules.length;
    this.#rules = hook.rules.length > WORD_RULES ? Math.ceil(end / WORD_RULES) * WORD_RULES : end;
    return true;
  }

  plan(secret: StringSecret): InstancePlan {
    const words = Math.max(1, Math.ceil(this.#rules / WORD_RULES));
    const [first] = this.#placed;
    if (first === undefined) throw new RangeError('A program has a hook');
    const rules = this.#ruleSets(words);
    const alphabets = this.#alphabets();
    const common = { words, all: rules.all, secret, alphabets };
    const { attach, shown, names, syscallRegisters, argumentCount, atReturn } = first.hook.target;
    return {
      attach,
      shown,
      ...(names === undefined ? {} : { names }),
      syscallRegisters,
      argumentCount,
      atReturn,
      values: this.#values,
      words,
      rules,
      actions: this.#placed.flatMap(ruleActions),
      alphabets: [alphabets[0].classes, alphabets[1].classes],
      // Cheap ones first: most hits end there.
      dimensions: [...this.#dimensions.values()]
        .toSorted((a, b) => costOf(a) - costOf(b))
        .map((conditions) =>
          buildDimension(conditions, { ...common, matchOnError: this.#matchOnError(words, conditions) }),
        ),
      policies: this.#placed.map(shownPolicy),
    };
  }

  /** The rules that an input satisfies which could not be read. */
  #matchOnError(words: number, [first]: readonly RuleCondition[]): RuleMask {
    if (first === undefined || isOfBinary(first.condition)) return new RuleMask(words);
    const isPath = isOfPath(first.condition, this.#values);
    return this.#maskOf(words, ({ onError }) => onError === 'match' || (isPath && onError === 'paths'));
  }

  #peekEntry(value: ValuePlan, newKeys: ReadonlySet<string>): number {
    const key = valueKey(value);
    return this.#valueKeys.get(key) ?? this.#values.length + [...newKeys].indexOf(key);
  }

  #collect(
    rule: PlannedRule,
    number: number,
    entries: readonly number[],
    additions: Map<string, RuleCondition[]>,
  ): void {
    const taken = new Map<string, number>();
    for (const original of rule.conditions) {
      const condition = moveInputs(original, entries);
      const key = dimensionKey(condition);
      // A rule can want several expressions, so they never need a second table.
      const layer = condition.accepted.class === 'cel' ? 0 : (taken.get(key) ?? 0);
      taken.set(key, layer + 1);
      const name = `${key}#${layer}`;
      additions.set(name, [...(additions.get(name) ?? []), { rule: number, condition }]);
    }
  }

  #maskOf(words: number, holds: (rule: PlannedRule) => boolean): RuleMask {
    const mask = new RuleMask(words);
    for (const { hook, firstRule } of this.#placed)
      hook.rules.forEach((rule, index) => {
        if (holds(rule)) mask.add(firstRule + index);
      });
    return mask;
  }

  #ruleSets(words: number): RuleSets {
    const first = new RuleMask(words);
    const last = new RuleMask(words);
    const carries = new Array<boolean>(words).fill(false);
    for (const { hook, firstRule } of this.#placed) {
      const end = firstRule + hook.rules.length - 1;
      for (let word = firstRule >> 6; word <= end >> 6; word++) {
        first.add(Math.max(firstRule, word * WORD_RULES));
        last.add(Math.min(end, word * WORD_RULES + WORD_RULES - 1));
        if (word > firstRule >> 6) carries[word] = true;
      }
    }
    return {
      all: this.#maskOf(words, () => true),
      first,
      last,
      carries,
      post: this.#maskOf(words, ({ posts }) => posts),
      kernelStack: this.#maskOf(words, ({ posts, kernelStack }) => posts && kernelStack),
      userStack: this.#maskOf(words, ({ posts, userStack }) => posts && userStack),
      imaHash: this.#maskOf(words, ({ posts, imaHash }) => posts && imaHash),
      // A policy that says to deny what it cannot read also denies what it cannot look at.
      unseen: this.#maskOf(
        words,
        ({ onError, enforcement }) => onError === 'match' && (enforcement?.error ?? 0) !== 0,
      ),
    };
  }

  #alphabets(): [ReturnType<typeof classify>, ReturnType<typeof classify>] {
    const patterns = (folded: boolean): Uint8Array[] =>
      [...this.#dimensions.values()]
        .flat()
        .flatMap(({ condition: { accepted } }) =>
          accepted.class === 'substrings' && accepted.folded === folded ? accepted.values : [],
        );
    return [classify(patterns(false), false), classify(patterns(true), true)];
  }
}

/** What its rules do beside sending. */
function ruleActions({ hook, firstRule, entries }: PlacedHook): RuleAction[] {
  const move = (values: readonly number[]): number[] => values.map((entry) => entries[entry] ?? 0);
  return hook.rules.flatMap(({ limit, track, untrack, enforcement }, index) =>
    limit === undefined && track.length === 0 && untrack.length === 0 && enforcement === undefined
      ? []
      : [
          {
            rule: firstRule + index,
            intervalNs: limit?.intervalNs ?? 0n,
            scope: limit?.scope ?? RateScope.RATE_GLOBAL,
            values: [...new Set(entries)],
            track: move(track),
            untrack: move(untrack),
            error: enforcement?.error ?? 0,
            signal: enforcement?.signal ?? 0,
            writes: enforcement?.writes ?? [],
            enforcer: roleOf(enforcement),
            notification: enforcement?.notification ?? { error: 0, signal: 0, calls: [] },
            policy: hook.number,
          },
        ],
  );
}

function roleOf(enforcement: Enforcement | undefined): RuleAction['enforcer'] {
  if (enforcement?.acts === true) return EnforcerRole.ENFORCER_ACTS;
  if (enforcement?.notification !== undefined) return EnforcerRole.ENFORCER_NOTES;
  return enforcement?.forgets === true ? EnforcerRole.ENFORCER_FORGETS : 0;
}

/** A policy's rules stay within a word, or begin one and have their words for themselves. */
function firstRuleOf(rules: number, count: number): number {
  const used = rules % WORD_RULES;
  return used === 0 || used + count <= WORD_RULES ? rules : rules - used + WORD_RULES;
}

/** Rough order of cost: numbers of the process, numbers of values, short lookups, strings, automatons. */
function costOf(conditions: readonly RuleCondition[]): number {
  const [first] = conditions;
  if (first === undefined) return 0;
  const { at, accepted } = first.condition;
  const byClass = {
    numbers: 1,
    bits: 3,
    ranges: 2,
    strings: 4,
    cel: 4,
    addresses: 5,
    prefixes: 6,
    postfixes: 7,
    substrings: 9,
  };
  return byClass[accepted.class] + (readsValue(at.input) ? 10 : 0);
}

function readsValue(input: Condition['at']['input']): boolean {
  return (
    input === DimensionInput.INPUT_VALUE ||
    (input >= DimensionInput.INPUT_SOURCE_PORT && input <= DimensionInput.INPUT_CAPS_GAINED)
  );
}

/** From positions in a hook's own values to those in the program's. */
function moveInputs(condition: Condition, entries: readonly number[]): Condition {
  if (!readsValue(condition.at.input)) return condition;
  const { accepted } = condition;
  if (accepted.class === 'cel')
    return {
      ...condition,
      accepted: { class: 'cel', expression: moveArguments(accepted.expression, entries) },
    };
  const { input, entry, other } = condition.at;
  const isPair = input === DimensionInput.INPUT_CAPS_GAINED;
  return {
    ...condition,
    at: { input, entry: entries[entry] ?? 0, other: isPair ? (entries[other] ?? 0) : 0 },
  };
}

function moveArguments(expression: CelNode, entries: readonly number[]): CelNode {
  return mapCelArguments(expression, (argument) => ({ ...argument, entry: entries[argument.entry] ?? 0 }));
}

function shownPolicy({ hook, firstRule, entries }: PlacedHook): HookPolicy {
  const move = (value: { entry: number; label: string | undefined }): typeof value => ({
    ...value,
    entry: entries[value.entry] ?? 0,
  });
  const { shown } = hook;
  return {
    ...shown,
    firstRule,
    args: shown.args.map(move),
    data: shown.data.map(move),
    returnValue: shown.returnValue === undefined ? undefined : move(shown.returnValue),
  };
}
