// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { CODE_ADDRESS, CODE_OFFSET, elfBytes } from './elf-testing.ts';
import { mappingAt, readMappings } from './process-maps.ts';
import { UserSymbols } from './user-symbols.ts';

const proc = mkdtempSync(join(tmpdir(), 'merlon-proc-'));
after(() => rmSync(proc, { recursive: true }));

const SYMBOL = { name: 'main', address: BigInt(CODE_ADDRESS), size: 0x100n };
const ID = Buffer.from('0102030405060708', 'hex');

/** A process that maps `bytes` at this address. */
function addProcess(tgid: number, start: number, path: string, bytes?: Uint8Array): void {
  const range = `${start.toString(16)}-${(start + 0x1000).toString(16)}`;
  const folder = join(proc, String(tgid));
  mkdirSync(join(folder, 'map_files'), { recursive: true });
  const padded = (address: number): string => address.toString(16).padStart(8, '0');
  const lines = [
    `${padded(start - 0x1000)}-${padded(start)} r--p 00000000 fe:00 77                   ${path}`,
    `${padded(start)}-${padded(start + 0x1000)} r-xp 00001000 fe:00 77                    ${path}`,
    '7ffd00000000-7ffd00001000 r-xp 00000000 00:00 0                          [vdso]',
  ];
  writeFileSync(join(folder, 'maps'), `${lines.join('\n')}\n`);
  if (bytes !== undefined) writeFileSync(join(folder, 'map_files', range), bytes);
}

test('an address of a process is a place in a file and a function', () => {
  addProcess(10, 0x5555_0000_0000, '/bin/with space (deleted)', elfBytes([SYMBOL], ID));
  const symbols = new UserSymbols(proc);
  assert.deepEqual(symbols.find(0x5555_0000_0010n, 10), {
    ...{ symbol: 'main', offset: BigInt(CODE_OFFSET + 0x10), module: '/bin/with space (deleted)' },
    buildId: ID.toString('hex'),
  });
  assert.equal(symbols.find(0x5555_0000_0100n, 10)?.symbol, '');
  assert.equal(symbols.find(0x5555_0000_1000n, 10), undefined);
  assert.equal(symbols.find(0x5554_ffff_fff0n, 10), undefined, 'not executable');
  assert.equal(symbols.find(0x7ffd_0000_0000n, 10), undefined, 'no file');
});

test('a file that cannot be read or is no ELF file leaves its name and the offset', () => {
  addProcess(11, 0x1000_0000, '/opt/gone');
  addProcess(12, 0x1000_0000, '/opt/text', Buffer.from('text'));
  const symbols = new UserSymbols(proc);
  for (const tgid of [11, 12])
    assert.deepEqual(
      [symbols.find(0x1000_0008n, tgid)?.symbol, symbols.find(0x1000_0008n, tgid)?.offset],
      ['', 0x1008n],
    );
});

test('a place of a process that has ended: the file is known by its build id alone', () => {
  const symbols = new UserSymbols(proc);
  const buildId = ID.toString('hex').padEnd(40, '0');
  const place = { buildId, offset: BigInt(CODE_OFFSET + 0x10) };
  const binary = join(proc, 'binary');
  writeFileSync(binary, elfBytes([SYMBOL], Buffer.from('ff', 'hex')));
  const unknown = { symbol: '', offset: place.offset, module: `build-id:${buildId}`, buildId };
  assert.deepEqual(symbols.findPlace(place, binary), unknown, 'another file has its path');
  assert.deepEqual(symbols.findPlace(place, join(proc, 'none')), unknown);
  writeFileSync(binary, elfBytes([SYMBOL], ID));
  const known = { ...unknown, symbol: 'main', module: binary, buildId: ID.toString('hex') };
  assert.deepEqual(symbols.findPlace(place, binary), known);
  assert.deepEqual(symbols.findPlace(place, ''), known, 'it was seen before');
});

test('a library of a process that has ended is found in this process', () => {
  const path = '/usr/lib/shared.so';
  addProcess(process.pid, 0x7000_0000, path, elfBytes([SYMBOL], ID));
  const buildId = ID.toString('hex').padEnd(40, '0');
  const frame = new UserSymbols(proc).findPlace({ buildId, offset: BigInt(CODE_OFFSET) }, '');
  assert.deepEqual([frame.symbol, frame.module], ['main', path]);
});

test('a process that is gone has no frames', () => {
  assert.equal(new UserSymbols(proc).find(0x1000n, 999), undefined);
});

test('many processes and files: what is kept is bounded, and each is found', () => {
  const symbols = new UserSymbols(proc);
  for (let tgid = 1000; tgid < 1200; tgid++) {
    addProcess(tgid, 0x40_0000, `/bin/${tgid}`, elfBytes([{ ...SYMBOL, name: `main_${tgid}` }], ID));
    assert.equal(symbols.find(0x40_0000n, tgid)?.symbol, `main_${tgid}`);
  }
  assert.equal(symbols.find(0x40_0000n, 1000)?.symbol, 'main_1000');
});

test('the mappings of this process', () => {
  const mappings = readMappings('/proc', process.pid);
  assert.ok(mappings.some(({ path }) => path === process.execPath));
  for (const mapping of mappings) {
    assert.equal(mappingAt(mappings, mapping.start), mapping);
    assert.equal(mappingAt(mappings, mapping.end - 1), mapping);
  }
  assert.equal(mappingAt(mappings, 0), undefined);
  assert.equal(mappingAt([], 5), undefined);
});
