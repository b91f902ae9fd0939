// SPDX-License-Identifier: Apache-2.0
// Actions that write into a program of user space: Override of uprobes, Set of USDT probes. The programs are the test's own, and
// nobody else runs them.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { verdictMembers } from './enforce/policy-text.ts';
import type { Agent } from './support/agent.ts';
import { hookEvents, hookEventsOf, policyFailures, startWithPolicies } from './support/hook-events.ts';
import { program } from './support/programs.ts';
import { type Requirement, requires } from './support/requirements.ts';
import { endSubjects, runProgram } from './support/subject.ts';

const ACTS = program('user-acts');
const PROBES = program('user-probes');

interface Case {
  readonly name: string;
  readonly needs: Requirement;
  readonly program: string;
  /** of the argument, which only the attempt has */
  readonly number: number;
  readonly hook: string;
  readonly action: string;
  /** what the program reports of itself */
  readonly report: Readonly<Record<string, unknown>>;
  readonly verdict: Readonly<Record<string, unknown>>;
  /** of a run with another number */
  readonly control: (number: number) => Readonly<Record<string, unknown>>;
}

const CONTROL = 7;

function uprobe(name: string, number: number, action: string, rest: Pick<Case, 'report' | 'verdict'>): Case {
  return {
    ...{ name, needs: 'uprobeRegisters', program: ACTS, number, action, ...rest },
    hook: `uprobes: [{ path: ${ACTS}, symbols: [guarded]`,
    control: (passed) => ({ returned: passed, guarded: 1, other: 0 }),
  };
}

const LEFT = { verdict: 'denied', rung: 'registers' };
const MOVED = { report: { returned: 1003, guarded: 0, other: 1 }, verdict: LEFT };

const CASES: readonly Case[] = [
  uprobe('uprobe: Override with an error', 1, '{ action: Override, argError: -13 }', {
    report: { returned: -13, guarded: 0, other: 0 },
    verdict: { ...LEFT, error: -13 },
  }),
  uprobe(
    'uprobe: Override with registers that return',
    2,
    '{ action: Override, argRegs: ["rax=11", "rip=0(%rsp)", "rsp=8%rsp"] }',
    { report: { returned: 11, guarded: 0, other: 0 }, verdict: LEFT },
  ),
  uprobe('uprobe: Override with another function', 3, '{ action: Override, argNewSymbol: other }', MOVED),
  uprobe('uprobe: Override with an argument', 4, '{ action: Override, argRegs: ["edi=-5"] }', {
    report: { returned: 2 ** 32 - 5, guarded: 1, other: 0 },
    verdict: { verdict: 'changed', rung: 'registers' },
  }),
  uprobe(
    'uprobe: Override and Signal',
    5,
    '{ action: Override, argError: -1 }, { action: Signal, argSig: 17 }',
    {
      report: { returned: -1, guarded: 0, other: 0 },
      verdict: { ...LEFT, error: -1, signal: 'SIGCHLD' },
    },
  ),
  {
    name: 'USDT: Set',
    ...{
      needs: 'writeUser',
      program: PROBES,
      number: 9,
      action: '{ action: Set, argIndex: 1, argValue: 42 }',
    },
    hook: `usdts: [{ path: ${PROBES}, provider: merlontest, name: operands`,
    ...{ report: { stored: 42 }, verdict: { verdict: 'changed', rung: 'memory' } },
    control: (number) => ({ stored: -number }),
  },
];

describe('actions on programs', { skip: requires('root', 'btf') }, () => {
  let agent: Agent;

  before(async () => {
    agent = await startWithPolicies(
      CASES.flatMap((each, place) => (requires(each.needs) === false ? [policy(each, place)] : [])),
    );
  });

  after(async () => {
    await endSubjects();
    await agent.dispose();
  });

  for (const [place, each] of CASES.entries())
    test(each.name, { skip: requires(each.needs) }, async () => {
      const name = policyName(place);
      assert.deepEqual(
        policyFailures(agent).filter((failure) => failure.policy === name),
        [],
      );
      const { pid: other, ...control } = await run(each, CONTROL);
      const { pid, ...attempted } = await run(each, each.number);
      assert.deepEqual({ ...attempted, ...each.report }, attempted);
      assert.deepEqual({ ...control, ...each.control(CONTROL) }, control);
      const events = await hookEventsOf(agent, name, pid);
      assert.deepEqual(events.map(verdictMembers), [each.verdict]);
      assert.ok(
        !hookEvents(agent).some(({ policy_name, process }) => policy_name === name && process.pid === other),
      );
    });
});

interface Report {
  readonly pid: number;
  readonly [field: string]: unknown;
}

function run({ program: path }: Case, number: number): Promise<Report> {
  return runProgram<Report>(path, [String(number), '']);
}

function policyName(place: number): string {
  return `user-${place}`;
}

function policy({ hook, action, number }: Case, place: number): string {
  const args = 'args: [{ index: 0, type: int }, { index: 2, type: int }]';
  const match = `matchArgs: [{ index: 0, operator: Equal, values: ["${number}"] }]`;
  return `apiVersion: cilium.io/v1alpha1
kind: TracingPolicy
metadata: { name: ${policyName(place)} }
spec:
  ${hook}, ${args}, selectors: [{ ${match}, matchActions: [${action}] }] }]
`;
}
