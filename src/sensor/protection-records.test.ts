// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { type BigIntStats, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ErrorCode } from '../base/errors.ts';
import { ProtectConfig, ProtectKind, ProtectRefusal } from '../events/gen/layouts.ts';
import {
  checkPlaces,
  decodeConfig,
  decodeRefusal,
  encodeConfig,
  kernelDevice,
  REFUSED,
} from './protection-records.ts';

const PINS = { inode: 4711n, device: 23 };

function lookAt(path: string): BigIntStats | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false });
}

test('a device is in the encoding of the kernel', () => {
  assert.equal(kernelDevice(0x801n), (8 << 20) | 1);
  assert.equal(kernelDevice(0x1230_0845n), (8 << 20) | 0x12345);
});

test('the settings name directories by their inodes, and the file by its name', (context) => {
  const directory = mkdtempSync(join(tmpdir(), 'merlon-protection-'));
  context.after(() => rmSync(directory, { recursive: true }));
  const { ino } = statSync(directory, { bigint: true });
  const config = { pins: PINS, claimsId: 77, active: true };
  // What the path of the pins leads to by now is not looked at.
  const places = {
    bpfDir: directory,
    glassFile: join(directory, 'glass'),
    cgroups: ['/nonexistent', directory],
  };
  const bytes = encodeConfig(config, places, lookAt);
  const buffer = Buffer.from(bytes);
  assert.equal(buffer.readBigUInt64LE(ProtectConfig.glassInode), ino);
  assert.equal(buffer.readBigUInt64LE(ProtectConfig.cgroups), 0n);
  assert.equal(buffer.readBigUInt64LE(ProtectConfig.cgroups + 8), ino);
  assert.equal(buffer.subarray(ProtectConfig.glassName).toString('latin1').replace(/\0+$/, ''), 'glass');
  assert.deepEqual(decodeConfig(bytes), config);
});

test('without the directory of the break-glass file the kernel side looks for none', () => {
  const places = { bpfDir: '/', glassFile: '/nonexistent/glass', cgroups: [] };
  const bytes = encodeConfig({ pins: PINS, claimsId: 1, active: false }, places, lookAt);
  assert.equal(Buffer.from(bytes).readBigUInt64LE(ProtectConfig.glassInode), 0n);
});

test('what the kernel side has no room for is refused', () => {
  const places = { bpfDir: '/', glassFile: '/glass', cgroups: [] };
  checkPlaces(places);
  assert.throws(() => checkPlaces({ ...places, glassFile: `/${'x'.repeat(64)}` }), {
    code: ErrorCode.Setting,
  });
  const cgroups = Array.from({ length: 9 }, () => '/sys');
  assert.throws(() => checkPlaces({ ...places, cgroups }), { code: ErrorCode.Setting });
});

test('a refusal says how often and who was last', () => {
  const bytes = Buffer.alloc(ProtectRefusal.sizeof);
  bytes.writeBigUInt64LE(3n, ProtectRefusal.count);
  bytes.writeUInt32LE(4711, ProtectRefusal.tgid);
  bytes.write('kill', ProtectRefusal.comm);
  assert.deepEqual(decodeRefusal(bytes), { count: 3n, pid: 4711, command: 'kill' });
});

test('everything that can be refused has words', () => {
  const { PROTECT_KINDS: _count, PROTECT_GLASS: _lifted, ...kinds } = ProtectKind;
  assert.deepEqual(
    Object.keys(REFUSED)
      .map(Number)
      .sort((a, b) => a - b),
    Object.values(kinds),
  );
  assert.equal(kinds.PROTECT_SIGNAL, 0);
});
