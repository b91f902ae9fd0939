// SPDX-License-Identifier: Apache-2.0
// A node:test reporter for test/run.ts: one JSON object per test, then the end line. A file without it is of a run that
// did not reach its end.
import { relative, resolve } from 'node:path';
import type { TestEvent } from 'node:test/reporters';
import { inspect } from 'node:util';
import { END_LINE, type TestLine } from './results.ts';

export default async function* report(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  /** Of each file, the names of the tests that are open: suite, then test, then subtest. */
  const open = new Map<string, string[]>();
  for await (const { type, data } of source) {
    if (type === 'test:start') {
      const names = open.get(data.file ?? '')?.slice(0, data.nesting) ?? [];
      open.set(data.file ?? '', [...names, data.name]);
    } else if ((type === 'test:pass' || type === 'test:fail') && data.details.type !== 'suite') {
      const path = data.file ?? '';
      // A file in which no test ran, because of --name, passes as a test of its own name.
      if (type === 'test:pass' && resolve(data.name) === path) continue;
      const names = open.get(path)?.slice(0, data.nesting) ?? [];
      const skip = data.skip ?? (data.todo === undefined ? undefined : `todo ${data.todo}`);
      const outcome = type === 'test:fail' ? 'failed' : skip === undefined ? 'passed' : 'skipped';
      const test = [relative(process.cwd(), path), ...names, data.name].join(' › ');
      const line: TestLine = {
        test,
        outcome,
        ...(outcome === 'skipped' && { reason: String(skip) }),
        ...(type === 'test:fail' && { reason: describeError(data.details.error) }),
      };
      yield `${JSON.stringify(line)}\n`;
    } else if (type === 'test:summary' && data.file === undefined) yield `${JSON.stringify(END_LINE)}\n`;
  }
}

/** What the test threw, with its stack: the runner has wrapped it. */
function describeError(error: Error): string {
  const thrown = error.cause ?? error;
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : inspect(thrown);
}
