// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync } from 'node:fs';

/** One test, as test/reporter.ts writes it; `test` is file › suite › name. */
export interface TestLine {
  test: string;
  outcome: 'passed' | 'failed' | 'skipped';
  /** of a skip, or what a failed test threw */
  reason?: string;
}

/** The last line of a run that reached its end. */
export const END_LINE = { end: true } as const;

export interface Totals {
  passed: number;
  failed: number;
  skipped: number;
}

/** Reason by test: the skips that an environment may have. */
export type ExpectedSkips = Record<string, string>;

/** What a part came to. An unexpected skip counts as failed, not as skipped. */
export interface Results extends Totals {
  unexpectedSkips: TestLine[];
  /** tests that failed, what each threw as its reason */
  failures: TestLine[];
  /** The part ended early or the runner reports a failure that belongs to no test. */
  problem: string | undefined;
}

/** The results of a part, from the reporter's file and the exit status of the runner. */
export function readResults(path: string, status: number, expected: ExpectedSkips): Results {
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
  // A guest that dies may leave half a line.
  const lines = text.split('\n').slice(0, -1);
  const ended = lines.at(-1) === JSON.stringify(END_LINE);
  const tests = lines.slice(0, ended ? -1 : undefined).map((line) => JSON.parse(line) as TestLine);
  const isExpected = ({ test, reason }: TestLine): boolean => expected[test] === reason;
  const skipped = tests.filter(({ outcome }) => outcome === 'skipped');
  const unexpectedSkips = skipped.filter((line) => !isExpected(line));
  const failures = tests.filter(({ outcome }) => outcome === 'failed');
  const problem = describeProblem(ended, status, failures.length);
  return {
    passed: tests.filter(({ outcome }) => outcome === 'passed').length,
    failed: failures.length + unexpectedSkips.length + (problem === undefined ? 0 : 1),
    skipped: skipped.length - unexpectedSkips.length,
    unexpectedSkips,
    failures,
    problem,
  };
}

function describeProblem(ended: boolean, status: number, failed: number): string | undefined {
  if (!ended) return `the run ended early, with status ${status}`;
  if (status !== 0 && failed === 0) return `the runner ended with status ${status} although no test failed`;
  return undefined;
}

/** The line that ends a run. */
export function formatTotals({ passed, failed, skipped }: Totals): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/** What failed in a part, again at the end of all output: there it is found. */
export function formatFailures(part: string, failures: readonly TestLine[]): string {
  return failures
    .map(({ test, reason = '' }) => `✖ ${part}: ${test}\n${reason.replace(/^/gm, '    ')}\n`)
    .join('');
}
