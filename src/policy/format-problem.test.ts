// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatProblem } from './format-problem.ts';
import { wholeFile } from './problem.ts';

function format(text: string, column: number, line = 6): string {
  return formatProblem({ at: { file: 'f.yaml', line, column, text }, message: 'Cannot', remedy: 'Do it.' });
}

test('the line, a caret below each character of the word, and the remedy', () => {
  assert.equal(
    format('      type: intt  # c', 13),
    'f.yaml:6:13: Cannot\n   6 |       type: intt  # c\n     |             ^^^^\nDo it.\n',
  );
  assert.match(format('      type: intt', 7), /\n {5}\| {7}\^{4}\n/);
  assert.match(format('a: "b \\" c" # d', 4), /\n {5}\| {4}\^{8}\n/);
  assert.match(format("a: 'b '' c' # d", 4), /\n {5}\| {4}\^{8}\n/);
  assert.match(format('a: [b c, d]', 5), /\n {5}\| {5}\^{3}\n/);
  assert.match(format('a: [b c, d]', 4), /\n {5}\| {4}\^\n/);
  assert.match(format('a: b:c d', 4, 12345), /\n12345 \| a: b:c d\n {5} \| {4}\^{5}\n/);
  assert.match(format('', 1), /\n {3}6 \|\n {5}\| \^\n/);
});

test('within quotes the caret stands below one word', () => {
  assert.match(format('values: ["arg0 == 1"]', 16), /\n {5}\| {16}\^\^\n/);
  assert.match(format("a: 'b c'", 7), /\n {5}\| {7}\^\n/);
});

test('of a long line a part is shown, with the caret in place', () => {
  const [, line = '', carets = ''] = format(`${'x'.repeat(500)} here ${'y'.repeat(500)}`, 502).split('\n');
  assert.equal(line.slice(carets.indexOf('^')).startsWith('here'), true);
  assert(line.length < 120);
});

test('characters that a terminal acts upon are shown as others', () => {
  const text = formatProblem({
    at: { file: 'a\u001bb', line: 1, column: 4, text: 'a: \u001b[31m\u202e\tb' },
    message: 'x',
  });
  assert.equal(text, 'a␛b:1:4: x\n   1 | a: ␛[31m� b\n     |    ^^^^^^^^\n');
});

test('a whole file has no line', () => {
  assert.equal(formatProblem({ at: wholeFile('f.yaml'), message: 'Cannot' }), 'f.yaml: Cannot\n');
});
