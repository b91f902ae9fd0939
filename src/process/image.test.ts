// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { imageOf, splitStrings } from './image.ts';
import { execRecord } from './testing.ts';

test('keeps nothing of the batch, which is used again', () => {
  const batch = Buffer.from([0x61, 0, 0xff, 0xfe, 0]);
  const image = imageOf(execRecord({ tgid: 1, startTime: 1n, args: batch }));
  const bytes = Buffer.from(batch);
  batch.fill(0);
  assert.deepEqual(image.argv, ['a', '\ufffd\ufffd']);
  assert.deepEqual(Buffer.from(image.argvBytes ?? []), bytes);
});

test('splits strings that end with NUL, empty ones too, and keeps a last one that was cut', () => {
  const texts = (block: string): string[] =>
    splitStrings(Buffer.from(block)).map((part) => Buffer.from(part).toString());
  assert.deepEqual(texts(''), []);
  assert.deepEqual(texts('\0'), ['']);
  assert.deepEqual(texts('a\0\0b\0'), ['a', '', 'b']);
  assert.deepEqual(texts('a\0cu'), ['a', 'cu']);
});
