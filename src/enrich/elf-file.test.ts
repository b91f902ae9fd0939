// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { ElfFile } from './elf-file.ts';
import { readElf } from './elf-file.ts';
import { CODE_ADDRESS, CODE_OFFSET, elfBytes } from './elf-testing.ts';

const folder = mkdtempSync(join(tmpdir(), 'merlon-elf-'));
after(() => rmSync(folder, { recursive: true }));

function read(path: string): ElfFile | undefined {
  const fd = openSync(path, 'r');
  try {
    return readElf(fd);
  } finally {
    closeSync(fd);
  }
}

function readBytes(bytes: Uint8Array): ElfFile | undefined {
  const path = join(folder, 'file');
  writeFileSync(path, bytes);
  return read(path);
}

const ID = Buffer.from('4fc5d1c6e2a3b4958677', 'hex');
const at = (offset: number): bigint => BigInt(CODE_ADDRESS + offset);
const SYMBOLS = [
  { name: 'later', address: at(0x200), size: 0x10n },
  { name: 'first', address: at(0), size: 0x80n },
  { name: 'alias_of_first', address: at(0), size: 0x80n },
  { name: 'data', address: at(0x90), size: 0x10n, type: 1 },
  { name: 'assembly', address: at(0x100), size: 0n },
  { name: 'absent', address: 0n, size: 0n },
];

test('a function is found by its place in the file, within its size', () => {
  const file = readBytes(elfBytes(SYMBOLS, ID));
  const name = (offset: number): string | undefined => file?.symbolAt(CODE_OFFSET + offset);
  assert.deepEqual(
    [0, 0x7f, 0x80, 0x90, 0xff, 0x100, 0x1ff, 0x200, 0x20f, 0x210, 0x5000, -0x1000].map(name),
    [...['first', 'first', '', '', '', 'assembly', 'assembly', 'later', 'later', '', '', '']],
  );
  assert.equal(file?.buildId, ID.toString('hex'));
});

test('a stripped file has its dynamic symbols, or none', () => {
  assert.equal(readBytes(elfBytes(SYMBOLS, ID, true))?.symbolAt(CODE_OFFSET), 'first');
  const bare = readBytes(elfBytes([], ID));
  assert.deepEqual([bare?.symbolAt(CODE_OFFSET), bare?.buildId], ['', ID.toString('hex')]);
});

test('what is no such file', () => {
  assert.equal(readBytes(Buffer.alloc(0)), undefined);
  assert.equal(readBytes(Buffer.from('#!/bin/sh\n'.repeat(100))), undefined);
  const other = elfBytes(SYMBOLS, ID);
  other[4] = 1;
  assert.equal(readBytes(other), undefined);
});

test('damaged files: nothing throws, and nothing is read beyond them', () => {
  const whole = elfBytes(SYMBOLS, ID);
  for (let length = 0; length < whole.length; length += 97)
    readBytes(whole.subarray(0, length))?.symbolAt(CODE_OFFSET);
  let state = 7;
  const next = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return (state >>> 8) % below;
  };
  for (let run = 0; run < 1_000; run++) {
    const damaged = Buffer.from(whole);
    for (let change = next(8); change >= 0; change--) damaged[next(0x300)] = next(2) === 0 ? 0xff : next(256);
    readBytes(damaged)?.symbolAt(CODE_OFFSET + next(0x300));
  }
});

test('the running Node.js is read', () => {
  const file = read(process.execPath);
  assert.ok(file !== undefined && file.bytes < 64 << 20);
});
