// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { editDistance, nearestName } from './nearest-name.ts';

test('edit distance counts insertions, deletions, replacements and swaps', () => {
  assert.equal(editDistance('', ''), 0);
  assert.equal(editDistance('abc', ''), 3);
  assert.equal(editDistance('kitten', 'sitting'), 3);
  assert.equal(editDistance('exprot', 'export'), 1);
});

test('the nearest name is found in spite of case, underscores and endings', () => {
  const names = ['export', 'export-file-perm', 'output', 'for'];
  assert.equal(nearestName('exprot', names), 'export');
  assert.equal(nearestName('Export_File_Perms', names), 'export-file-perm');
  assert.equal(nearestName('export-filename', names), 'export-file-perm');
  assert.equal(nearestName('out', names), 'output');
  assert.equal(nearestName('fro', names), 'for');
});

test('what is far from everything has no nearest name', () => {
  assert.equal(nearestName('tracing', ['export', 'output']), undefined);
  assert.equal(nearestName('x', ['for']), undefined);
  assert.equal(nearestName('', ['for']), undefined);
});
