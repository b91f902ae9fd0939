// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sourcePosition } from '../base/source-position.ts';
import { SourceText } from './source-text.ts';

test('a position is the one that src/base/ finds, at every offset', () => {
  for (const text of ['', 'a', 'a\nbc\n\nd', 'a\r\nb\r\n', 'a\n\n', 'ä€𝄞\nx']) {
    const source = new SourceText('f', text);
    for (let offset = 0; offset <= text.length; offset++)
      assert.deepEqual(source.at(offset), sourcePosition('f', text, offset), JSON.stringify([text, offset]));
  }
});

test('a byte order mark is no character', () => {
  assert.equal(new SourceText('f', '\uFEFFa').at(0).text, 'a');
});
