// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EndMark } from './end-mark.ts';

const MARK = 'c0ffee';
const END = `\x1e${MARK} 37\n`;

/** What passes and the status reported, when the text arrives in chunks of `size` bytes. */
function feed(text: string, size: number): { passed: string; status: number | undefined } {
  let status: number | undefined;
  const stream = new EndMark(MARK, (value) => (status = value));
  const bytes = Buffer.from(text, 'latin1');
  for (let at = 0; at < bytes.length; at += size) stream.write(bytes.subarray(at, at + size));
  const passed = stream.read() as Buffer | null;
  return { passed: passed?.toString('latin1') ?? '', status };
}

test('passes every byte before the mark, however the chunks fall', () => {
  const text = `plain \x00\xff\x1e \x1e${MARK.slice(0, 3)} \x1e\x1e${MARK}x`;
  for (let size = 1; size <= text.length + END.length; size++)
    assert.deepEqual(feed(text + END, size), { passed: text, status: 37 });
});

test('drops what is written after the end', () => {
  assert.deepEqual(feed(`a${END}b`, 3), { passed: 'a', status: 37 });
});

test('holds back only what may be a mark', () => {
  assert.deepEqual(feed('prompt> ', 100), { passed: 'prompt> ', status: undefined });
  assert.deepEqual(feed(`a\x1e${MARK} 3`, 100), { passed: 'a', status: undefined });
});

test('passes a held beginning when the stream ends without a mark', async () => {
  const stream = new EndMark(MARK, () => assert.fail('there was no mark'));
  stream.end(`a\x1e${MARK}`);
  assert.equal(Buffer.concat((await stream.toArray()) as Buffer[]).toString(), `a\x1e${MARK}`);
});
