// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { didYouMean, editDistance, nearestName, nearestNames } from './nearest-name.ts';

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

test('several that are as near are said where it helps', () => {
  const names = ['tcp_sendmsg', 'udp_sendmsg', 'raw_sendmsg', 'tcp_recvmsg'];
  assert.deepEqual(nearestNames('tcx_sendmsg', names, 3), ['tcp_sendmsg']);
  assert.deepEqual(nearestNames('xxx_sendmsg', names, 3), names.slice(0, 3));
  assert.equal(didYouMean('read', ['reada', 'readb'], 2), 'Did you mean "reada" or "readb"?');
  assert.equal(
    didYouMean('xxx_sendmsg', names, 3),
    'Did you mean "tcp_sendmsg", "udp_sendmsg" or "raw_sendmsg"?',
  );
  assert.equal(didYouMean('x', ['for']), undefined);
});
