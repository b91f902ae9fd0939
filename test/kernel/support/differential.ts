// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { readFileSync, readlinkSync, statSync } from 'node:fs';
import type { InstancePlan } from '../../../src/plan/instance-plan.ts';
import { planInstances } from '../../../src/plan/plan-instances.ts';
import { planPolicy, type PolicyHook } from '../../../src/plan/plan-policies.ts';
import { PlanError } from '../../../src/plan/plan-problem.ts';
import { Random } from '../../../src/plan/testing.ts';
import type { NamespaceKind, Policy, TracepointHook } from '../../../src/policy/model.ts';
import { NAMESPACE_KINDS } from '../../../src/policy/model.ts';
import { RunningKernel } from '../../../src/sensor/running-kernel.ts';
import { differentialFacts, placeEvent, randomEvent, type RawEvent, valueOf } from './differential-event.ts';
import { type Hit, HookBed } from './hook-bed.ts';
import { randomPolicy, randomPool } from './policy-generator.ts';
import { type EventProcess, type EventValue, firstMatch } from './policy-reference.ts';

export interface DifferentialOptions {
  readonly seed: number;
  readonly sets: number;
  readonly policies: number;
  readonly events: number;
}

export interface DifferentialFigures {
  readonly seed: number;
  readonly programs: number;
  readonly policies: number;
  readonly selectors: number;
  readonly verdicts: number;
  readonly matches: number;
}

/**
 * Random policies against random events: what the kernel's programs say of each policy, against the reference. Throws at the
 * first difference, with the seed of its set, the policy and the event.
 */
export function runDifferential({ seed, sets, policies, events }: DifferentialOptions): DifferentialFigures {
  const random = new Random(seed);
  const total = { seed, programs: 0, policies: 0, selectors: 0, verdicts: 0, matches: 0 };
  const process = ownProcess();
  const facts = differentialFacts(new RunningKernel(), process);
  const word = (): bigint => (BigInt(random.below(2 ** 32)) << 32n) | BigInt(random.below(2 ** 32));
  const bed = new HookBed([word(), word()]);
  try {
    for (let set = 0; set < sets; set++) {
      const pool = randomPool(random, process);
      const made = Array.from({ length: policies }, (_, index) => randomPolicy(random, `p${index}`, pool));
      const hooks = made.flatMap((one) => [...planPolicy(one, facts).values()].flat()).filter(fitsAlone(bed));
      const plans = planInstances(hooks, bed.secret);
      bed.load(plans);
      total.programs += plans.length;
      total.policies += hooks.length;
      total.selectors += hooks.reduce((sum, { rules }) => sum + rules.length, 0);
      const served = new Set(hooks.map(({ policy }) => policy));
      for (let number = 0; number < events; number++) {
        const event = randomEvent(random, pool, number);
        const binaries = random.chance(0.1)
          ? undefined
          : { own: random.pick(pool.binaries), parent: random.chance(0.1) ? '' : random.pick(pool.binaries) };
        bed.setBinaries(binaries);
        // Of what is not known the kernel side looks at the executable files.
        const binary = binaries?.own ?? process.binary;
        const parentBinary = binaries?.parent || process.parentBinary;
        const hits = bed.hit(placeEvent(event, bed.memory, bed.address));
        const verdicts = verdictsOf(hits, plans);
        for (const policy of served) {
          const hook = policy.hooks[0] as TracepointHook;
          const args = hook.args.map((argument) => valueOf(argument, event));
          const data = hook.data.map((argument) => valueOf(argument, event));
          const own = { ...process, binary, parentBinary };
          const expected = sent(hook, firstMatch(policy, hook, { args, data, process: own }));
          const verdict = verdicts.get(policy.name);
          const explain = (): string =>
            explanation({ seed, set, policy, event, args, binary, parentBinary, expected, verdict });
          if (verdict?.rule !== expected) assert.fail(explain());
          if (verdict !== undefined) checkValues(verdict, args, explain);
          total.verdicts++;
          if (expected !== undefined) total.matches++;
        }
      }
    }
  } finally {
    bed.close();
  }
  return total;
}

/** A hook that needs more tables than a program has is refused, which is no difference. */
function fitsAlone({ secret }: HookBed): (hook: PolicyHook) => boolean {
  return (hook) => {
    try {
      planInstances([hook], secret);
      return true;
    } catch (error) {
      if (error instanceof PlanError) return false;
      throw error;
    }
  };
}

/** Nothing is sent for a selector with NoPost. */
function sent(hook: TracepointHook, selector: number | undefined): number | undefined {
  if (selector === undefined) return undefined;
  const actions = hook.selectors[selector]?.actions ?? [];
  return actions.some(({ kind }) => kind === 'NoPost') ? undefined : selector;
}

interface KernelVerdict {
  /** position of the selector */
  readonly rule: number;
  /** entries of the policy's args among the values of the record */
  readonly entries: readonly number[];
  readonly values: Hit['values'];
}

/** By policy: the selector whose bit was set. More than one is a failure of its own. */
function verdictsOf(hits: readonly Hit[], plans: readonly InstancePlan[]): Map<string, KernelVerdict> {
  const verdicts = new Map<string, KernelVerdict>();
  for (const { hook, words, values } of hits) {
    const plan = plans[hook];
    assert.ok(plan !== undefined && words.length === plan.words);
    let bits = words.reduce((sum, word) => sum + word.toString(2).replaceAll('0', '').length, 0);
    for (const { name, firstRule, rules, args } of plan.policies)
      for (let rule = 0; rule < rules.length; rule++) {
        const bit = firstRule + rule;
        if ((((words[bit >> 6] ?? 0n) >> BigInt(bit & 63)) & 1n) === 0n) continue;
        assert.ok(!verdicts.has(name), `Two selectors of ${name}`);
        bits--;
        const entries = args.map(({ entry }) => entry);
        verdicts.set(name, {
          rule,
          entries,
          values,
        });
      }
    assert.equal(bits, 0, 'Bits of no policy');
  }
  return verdicts;
}

const FLAGS = { text: 0, number: 0, cut: 1, unreadable: 2, missing: 4 } as const;

/** What the record says of the values is what they were. */
function checkValues(
  { entries, values }: KernelVerdict,
  args: readonly EventValue[],
  explain: () => string,
): void {
  entries.forEach((entry, index) => {
    const value = values.get(entry);
    const expected = args[index];
    if (value === undefined || expected === undefined) assert.fail(`No value ${entry}\n${explain()}`);
    const { data, flags } = value;
    const isRight =
      expected.kind === 'text' || expected.kind === 'cut'
        ? data.equals(Buffer.from(expected.text, 'latin1'))
        : expected.kind === 'number'
          ? data.readBigInt64LE(0) === BigInt.asIntN(64, expected.number)
          : data.every((byte) => byte === 0);
    if (flags !== FLAGS[expected.kind] || !isRight)
      assert.fail(`Value ${index} has flags ${flags} and ${data.length} bytes\n${explain()}`);
  });
}

function explanation(detail: {
  seed: number;
  set: number;
  policy: Policy;
  event: RawEvent;
  args: readonly EventValue[];
  binary: string | undefined;
  parentBinary: string | undefined;
  expected: number | undefined;
  verdict: KernelVerdict | undefined;
}): string {
  const { seed, set, expected, verdict, policy, event, ...more } = detail;
  const [hook] = policy.hooks;
  const text = JSON.stringify(
    {
      ...more,
      number: event.number,
      unreadable: policy.extensions.get('on-unreadable'),
      types: hook?.args,
      selectors: hook?.selectors,
    },
    (key, value: unknown) => {
      if (key === 'at') return undefined;
      if (typeof value === 'bigint') return `${value}n`;
      if (typeof value === 'string' && value.length > 300)
        return `${value.slice(0, 40)}… (${value.length} bytes)`;
      return Array.isArray(value) && value.length === 0 ? undefined : value;
    },
  );
  const name = (rule: number | undefined): string => (rule === undefined ? 'none' : `selector ${rule}`);
  return `MERLON_SEED=${seed}, set ${set}, ${policy.name}: the reference says ${name(expected)}, the kernel ${name(verdict?.rule)}\n${text}`;
}

/** This process as the kernel sees it. Every second of its namespaces is taken for the host's. */
function ownProcess(): EventProcess {
  const status = readFileSync('/proc/self/status', 'utf8');
  const field = (name: string): string => new RegExp(`^${name}:\\s*(.*)`, 'm').exec(status)?.[1] ?? '';
  const capabilities = (name: string): bigint => BigInt(`0x${field(name)}`);
  const pids = field('NSpid').split('\t').map(Number);
  const byKind = (number: (kind: NamespaceKind, index: number) => number): Record<NamespaceKind, number> =>
    Object.fromEntries(NAMESPACE_KINDS.map((kind, index) => [kind, number(kind, index)])) as Record<
      NamespaceKind,
      number
    >;
  const own = (kind: NamespaceKind): number =>
    statSync(`/proc/self/ns/${linkOf(kind)}`, { throwIfNoEntry: false })?.ino ?? 0;
  return {
    ...{
      pid: process.pid,
      namespacePid: pids.length > 1 ? (pids.at(-1) ?? 0) : 0,
      binary: readlinkSync('/proc/self/exe'),
      parentBinary: readlinkSync(`/proc/${process.ppid}/exe`),
    },
    namespaces: byKind(own),
    hostNamespaces: byKind((kind, index) => own(kind) + (index % 2)),
    capabilities: {
      Effective: capabilities('CapEff'),
      Inheritable: capabilities('CapInh'),
      Permitted: capabilities('CapPrm'),
    },
  };
}

/** PidForChildren → pid_for_children */
function linkOf(kind: NamespaceKind): string {
  return kind.replace(/(?<!^)[A-Z]/g, '_$&').toLowerCase();
}
