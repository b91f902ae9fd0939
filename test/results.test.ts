// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { END_LINE, formatFailures, formatTotals, readResults } from './results.ts';

const directory = mkdtempSync(join(tmpdir(), 'merlon-results-'));
const path = join(directory, 'part.jsonl');
after(() => rmSync(directory, { recursive: true }));

function write(...lines: object[]): void {
  writeFileSync(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
}

const passed = { test: 'a › one', outcome: 'passed' };
const skipped = { test: 'a › two', outcome: 'skipped', reason: 'no kprobes' };

test('counts what passed and what may be skipped', () => {
  write(passed, skipped, END_LINE);
  const results = readResults(path, 0, { 'a › two': 'no kprobes' });
  assert.equal(formatTotals(results), '1 passed, 0 failed, 1 skipped');
  assert.equal(results.problem, undefined);
});

test('a skip that is not listed, or has another reason, is a failure', () => {
  write(passed, skipped, END_LINE);
  for (const expected of [{}, { 'a › two': 'not root' }, { 'a › one': 'no kprobes' }]) {
    const results = readResults(path, 0, expected);
    assert.equal(formatTotals(results), '1 passed, 1 failed, 0 skipped');
    assert.equal(results.unexpectedSkips.length, 1);
  }
});

test('a run without its end line is a failure, whatever its status', () => {
  write(passed);
  writeFileSync(path, '{"test": "half a', { flag: 'a' });
  assert.equal(formatTotals(readResults(path, 0, {})), '1 passed, 1 failed, 0 skipped');
  assert.equal(formatTotals(readResults(join(directory, 'none'), 125, {})), '0 passed, 1 failed, 0 skipped');
});

test('a failing runner without a failed test is a failure', () => {
  write(passed, END_LINE);
  assert.equal(readResults(path, 1, {}).failed, 1);
  write({ test: 'a › one', outcome: 'failed' }, END_LINE);
  assert.equal(readResults(path, 1, {}).failed, 1);
});

test('what failed is told with what it threw', () => {
  write({ test: 'a › one', outcome: 'failed', reason: 'Error: no\n  at here' }, passed, END_LINE);
  const { failures } = readResults(path, 1, {});
  assert.equal(formatFailures('6.1', failures), '✖ 6.1: a › one\n    Error: no\n      at here\n');
});
