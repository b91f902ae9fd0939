// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** The C library of this process and the offset of getppid in it, as a uprobe takes them. */
export function findGetppid(): [path: string, offset: bigint] {
  const mappings = readFileSync('/proc/self/maps', 'utf8').split('\n');
  const mapping = mappings.find((line) => line.includes('/libc.so'));
  assert.ok(mapping, 'the C library is mapped');
  const path = mapping.slice(mapping.indexOf('/'));
  const symbols = execFileSync('readelf', ['--dyn-syms', '--wide', path], { encoding: 'utf8' });
  const symbol = symbols.split('\n').find((line) => line.includes(' getppid@@'));
  assert.ok(symbol, `${path} has getppid`);
  return [path, BigInt(`0x${symbol.trim().split(/\s+/)[1]}`)];
}
