// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ElfImage } from './elf-image.ts';

const directory = mkdtempSync(join(tmpdir(), 'merlon-elf-'));
after(() => rmSync(directory, { recursive: true }));

/** The addon: a shared object with dynamic symbols. */
const FILE = new URL('../../native/build/Release/merlon.node', import.meta.url).pathname;

test('symbols, places and digests of a shared object', () => {
  const image = new ElfImage(FILE);
  const address = image.symbol('napi_register_module_v1');
  assert(address !== undefined && address > 0);
  const offset = image.fileOffset(address);
  assert(offset !== undefined && image.isMapped(offset));
  assert.equal(image.symbol('no_such_symbol'), undefined);
  assert.equal(image.fileOffset(2 ** 50), undefined);
  assert.match(image.buildId() ?? '', /^[0-9a-f]{40}$/);
  assert.equal(image.digest('sha256'), createHash('sha256').update(readFileSync(FILE)).digest('hex'));
  assert.deepEqual(image.usdtNotes(), []);
  image.close();
});

test('what is no ELF file is refused', () => {
  const path = join(directory, 'text');
  writeFileSync(path, 'text');
  assert.throws(() => new ElfImage(path), /not an ELF file/);
  assert.throws(() => new ElfImage(directory), /not a file/);
  assert.throws(() => new ElfImage(join(directory, 'none')), { code: 'ENOENT' });
});

test('files that were cut or damaged are refused or read, and nothing else', () => {
  const whole = readFileSync(FILE);
  const path = join(directory, 'damaged');
  for (let round = 0; round < 200; round++) {
    const bytes = Buffer.from(
      whole.subarray(0, round % 2 === 0 ? whole.length : (whole.length * round) >> 8),
    );
    // Headers of the file and of its segments.
    for (let i = 0; i < 4; i++) bytes[16 + ((round * 37 + i * 101) % 600)] = (round * 83 + i * 29) & 0xff;
    writeFileSync(path, bytes);
    try {
      const image = new ElfImage(path);
      try {
        image.symbol('main');
        image.buildId();
        image.usdtNotes();
      } finally {
        image.close();
      }
    } catch (error) {
      assert(error instanceof Error);
      assert.match(error.message, /^its? /, error.stack);
    }
  }
});
