// SPDX-License-Identifier: Apache-2.0
/** The table of cases: a policy each, what must make an event of it and what must not. */
import assert from 'node:assert/strict';
import type { NamespaceKind } from '../../../src/policy/model.ts';
import type { HookEvent } from '../support/hook-events.ts';
import type { Requirement } from '../support/requirements.ts';

/** Where the cases run. */
export interface Stage {
  /** an empty directory of the run's own */
  readonly directory: string;
  /** test/programs/call.c under names of this run; nobody else on this machine runs these files */
  readonly call: string;
  readonly otherCall: string;
  /** processes that were there before the agent and wait for their steps */
  readonly waiting: readonly number[];
  /** inode number of this process's own */
  namespace(kind: NamespaceKind): number;
}

/** For the names of the cases, which are the same on every stage. */
export const NO_STAGE: Stage = {
  ...{ directory: '/', call: '/call', otherCall: '/other-call', waiting: [] },
  namespace: () => 0,
};

/** What test/programs/call.c printed. */
export interface CallReport {
  readonly pid: number;
  readonly results: readonly number[];
}

/** A run of test/programs/call.c; a text is its steps. */
export type Run =
  | string
  | {
      readonly steps: string;
      /** `call` without it */
      readonly program?: string;
      /** a command that runs the program */
      readonly through?: readonly string[];
      /** a process that was there before the agent, by its place in Stage.waiting */
      readonly waiting?: number;
    };

/** Fields of the event and what they must be, or a check of it. */
export type Expectation =
  Readonly<Record<string, unknown>> | ((event: HookEvent, report: CallReport) => void);

export interface PolicyCase {
  /** a test's name and a row's of docs/policy-support.md */
  readonly name: string;
  /** rows of the list of features that it shows */
  readonly rows: readonly string[];
  readonly needs?: readonly Requirement[];
  /** YAML under `spec:` */
  readonly spec: string;
  readonly matching: Run;
  readonly differing: Run;
  readonly expect: Expectation;
  /** events that the run makes, 1 without */
  readonly count?: number;
}

export function assertExpected(event: HookEvent, report: CallReport, expected: Expectation): void {
  if (typeof expected === 'function') expected(event, report);
  else for (const [field, value] of Object.entries(expected)) assert.deepEqual(event[field], value, field);
}

/**
 * System calls that do nothing when their first argument is a number that no kernel knows as an option or descriptor. There
 * are several because these cases look at more different things of one call than one program holds, and a kernel without
 * kprobes has one program for a call.
 */
const CALLS = ['prctl', 'fcntl', 'fchmod', 'ftruncate', 'flock', 'shutdown', 'fsync', 'getpriority'];
/** One for each case, so that cases leave each other alone. */
const FIRST_OPTION = 0x4d00_0000;
let made = 0;

export interface CallCase {
  readonly name: string;
  readonly rows: readonly string[];
  /** the call's second argument, YAML in flow style without its index: `type: int8` */
  readonly value?: string;
  /** a filter of it: `operator: Equal, values: ["1"]` */
  readonly filter?: string;
  /** more of the selector */
  readonly selector?: string;
  readonly otherSelectors?: (option: number) => string;
  /** more of the hook: `data`, `message` */
  readonly hook?: string;
  /** the call's other arguments */
  readonly matching: string;
  readonly differing: string;
  /** what stands before the call */
  readonly before?: readonly [matching: string, differing: string];
  readonly run?: Omit<Exclude<Run, string>, 'steps'>;
  readonly otherRun?: Omit<Exclude<Run, string>, 'steps'>;
  /** the argument as the event has it */
  readonly shows?: Readonly<Record<string, unknown>>;
  readonly expect?: Expectation;
  /** beside the hook, under `spec:` */
  readonly spec?: string;
}

/**
 * A case of a system call that does nothing: its other arguments can be anything, so it serves whatever is compared or shown
 * without an object of the kernel; and every kernel can be asked to watch it.
 */
export function callCase(given: CallCase): PolicyCase {
  const option = FIRST_OPTION + made;
  const call = CALLS[made++ % CALLS.length] ?? '';
  const { name, rows, value, filter, selector, hook, shows, spec } = given;
  const [before = '', otherBefore = ''] = given.before ?? [];
  const steps = (text: string): string => `${call} ${option} ${text}`;
  const lines = [
    ...(spec === undefined ? [] : [spec]),
    'kprobes:',
    `- call: sys_${call}`,
    '  syscall: true',
    `  args: [{ index: 0, type: uint32 }${value === undefined ? '' : `, { index: 1, ${value} }`}]`,
    ...(hook === undefined ? [] : [indent(hook, 2)]),
    '  selectors:',
    '  - matchArgs:',
    `    - { index: 0, operator: Equal, values: ["${option}"] }`,
    ...(filter === undefined ? [] : [`    - { index: 1, ${filter} }`]),
    ...(selector === undefined ? [] : [indent(selector, 4)]),
    ...(given.otherSelectors === undefined ? [] : [indent(given.otherSelectors(option), 2)]),
  ];
  return {
    ...{ name, rows, spec: lines.join('\n') },
    matching: { ...given.run, steps: `${before}${steps(given.matching)}` },
    differing: { ...given.otherRun, steps: `${otherBefore}${steps(given.differing)}` },
    expect: given.expect ?? {
      function_name: `__x64_sys_${call}`,
      args: [{ uint_arg: option }, ...(shows === undefined ? [] : [shows])],
    },
  };
}

/** How a run is made, without its steps. */
export type How = Omit<Exclude<Run, string>, 'steps'>;

/** A case that tells its runs apart by who calls, or by what the caller did before. */
export function callerCase(
  name: string,
  rows: string[],
  selector: string,
  more: Pick<CallCase, 'before' | 'hook' | 'spec' | 'expect'> & { run?: How; otherRun?: How } = {},
): PolicyCase {
  return callCase({ name, rows, selector, matching: '1', differing: '1', ...more });
}

export function indent(text: string, columns: number): string {
  return text.replace(/^/gm, ' '.repeat(columns));
}
