// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { KernelSymbols } from './kernel-symbols.ts';

const folder = mkdtempSync(join(tmpdir(), 'merlon-symbols-'));
after(() => rmSync(folder, { recursive: true }));

function symbolsOf(...lines: string[]): KernelSymbols {
  const path = join(folder, 'kallsyms');
  writeFileSync(path, `${lines.join('\n')}\n`);
  return new KernelSymbols(path);
}

const BASE = 0xffff_ffff_8100_0000n;

test('an address lies in the last function before it, of several names the first', () => {
  const symbols = symbolsOf(
    'ffffffff81000000 T first_name',
    'ffffffff81000000 T second_name',
    'ffffffff81000040 D data',
    'ffffffff81000100 t do_it',
    '0000000000000000 A per_cpu',
  );
  const found = (offset: bigint): unknown => {
    const frame = symbols.find(BASE + offset);
    return frame && [frame.symbol, Number(frame.offset), frame.module];
  };
  assert.deepEqual(found(0n), ['first_name', 0, '']);
  assert.deepEqual(found(0xffn), ['first_name', 255, '']);
  assert.deepEqual(found(0x109n), ['do_it', 9, '']);
  assert.equal(found(-1n), undefined);
  assert.equal(found(1n << 30n), undefined);
  assert.equal(symbols.find(0x1234n), undefined);
});

test('modules are named, wherever their lines stand', () => {
  const symbols = symbolsOf(
    'ffffffffc0002000 t later\t[nf_tables]',
    'ffffffff81000000 T text',
    'ffffffffc0001000 t sooner\t[nf_tables]',
    'ffffffffc0003000 t bpf_prog_0123456789abcdef_x\t[bpf]',
  );
  assert.deepEqual(symbols.find(0xffff_ffff_c000_1010n), {
    ...{ symbol: 'sooner', offset: 16n, module: 'nf_tables', buildId: '' },
  });
  assert.equal(symbols.find(0xffff_ffff_c000_2fffn)?.symbol, 'later');
  assert.equal(symbols.find(0xffff_ffff_c000_3001n)?.module, 'bpf');
});

test('hidden addresses, an empty file and odd lines are no symbols', () => {
  const hidden = symbolsOf('0000000000000000 T a', '0000000000000000 t b');
  assert.equal(hidden.find(BASE), undefined);
  assert.equal(symbolsOf().find(BASE), undefined);
  const odd = symbolsOf(
    'x',
    '',
    'ffffffff81000000',
    'ffffffff81000000 T',
    'ffffffff81000000 T good',
    'zz'.repeat(40),
  );
  assert.equal(odd.find(BASE)?.symbol, 'good');
});

test('a file that cannot be read is the caller’s to handle', () => {
  assert.throws(() => new KernelSymbols(join(folder, 'absent')).find(BASE), { code: 'ENOENT' });
});

test('the symbols of this kernel load in their order', () => {
  const symbols = new KernelSymbols();
  symbols.load();
});
