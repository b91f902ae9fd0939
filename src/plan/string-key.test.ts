// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writeStringKey } from './string-key.ts';

const SECRET = [0x0123456789abcdefn, 0xfedcba9876543210n] as const;

function keyOf(text: string, secret: readonly [bigint, bigint] = SECRET): string {
  const key = new Uint8Array(24).fill(0xff);
  writeStringKey(new DataView(key.buffer), 0, Buffer.from(text, 'latin1'), secret);
  return Buffer.from(key).toString('hex');
}

// Computed with C's unsigned arithmetic from the description in bpf/lib/string_key.h.
const KNOWN: readonly (readonly [string, string])[] = [
  ['', 'efcdab89674523011032547698badcfe0000000000000000'],
  ['a', 'd4e7c0936e888e198369dcdc723d26c00100000000000000'],
  ['12345678', '8024188c3414b649c9746bf3df3b01f80800000000000000'],
  ['/usr/bin/cat', '7c68590f4c79eef56c4d54379d2de86b0c00000000000000'],
  ['a string that is longer than two words \xe9\xff', 'cb65cbe3f0456a5382074aa89567b2d22900000000000000'],
];

for (const [text, key] of KNOWN)
  test(`known answer of ${text.length} bytes`, () => assert.equal(keyOf(text), key));

test('zeros at the end count', () => {
  const keys = ['', '\0', '\0\0', '\0'.repeat(8), '\0'.repeat(9)].map((text) => keyOf(text));
  assert.equal(new Set(keys).size, keys.length);
});

test('another secret gives another key', () => {
  assert.notEqual(keyOf('/usr/bin/cat'), keyOf('/usr/bin/cat', [1n, SECRET[1]]));
  assert.notEqual(keyOf('/usr/bin/cat'), keyOf('/usr/bin/cat', [SECRET[0], 1n]));
});

test('it stands where it was asked for', () => {
  const room = new Uint8Array(40);
  writeStringKey(new DataView(room.buffer), 8, Buffer.from('abc'), SECRET);
  assert.equal(Buffer.from(room.subarray(8, 32)).toString('hex'), keyOf('abc'));
  assert.ok(room.subarray(0, 8).every((byte) => byte === 0) && room.subarray(32).every((byte) => byte === 0));
});
