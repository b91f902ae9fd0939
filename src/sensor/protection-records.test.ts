// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ErrorCode } from '../base/errors.ts';
import { ProtectConfig, ProtectKind, ProtectRefusal } from '../events/gen/layouts.ts';
import { decodeConfig, decodeRefusal, encodeConfig, kernelDevice, REFUSED } from './protection-records.ts';

test('a device is in the encoding of the kernel', () => {
  assert.equal(kernelDevice(0x801n), (8 << 20) | 1);
  assert.equal(kernelDevice(0x1230_0845n), (8 << 20) | 0x12345);
});

test('the settings name both directories by their inodes, and the file by its name', (context) => {
  const directory = mkdtempSync(join(tmpdir(), 'merlon-protection-'));
  context.after(() => rmSync(directory, { recursive: true }));
  const { ino } = statSync(directory, { bigint: true });
  const bytes = encodeConfig(
    { claimsId: 77, active: true },
    { bpfDir: directory, glassFile: join(directory, 'glass'), cgroups: ['/nonexistent', directory] },
  );
  const buffer = Buffer.from(bytes);
  assert.equal(buffer.readBigUInt64LE(ProtectConfig.pinsInode), ino);
  assert.equal(buffer.readBigUInt64LE(ProtectConfig.glassInode), ino);
  assert.equal(buffer.readBigUInt64LE(ProtectConfig.cgroups), 0n);
  assert.equal(buffer.readBigUInt64LE(ProtectConfig.cgroups + 8), ino);
  assert.equal(buffer.subarray(ProtectConfig.glassName).toString('latin1').replace(/\0+$/, ''), 'glass');
  assert.deepEqual(decodeConfig(bytes), { claimsId: 77, active: true });
});

test('without the directory of the break-glass file the kernel side looks for none', () => {
  const bytes = encodeConfig(
    { claimsId: 1, active: false },
    {
      ...{ bpfDir: '/', glassFile: '/nonexistent/glass', cgroups: [] },
    },
  );
  assert.equal(Buffer.from(bytes).readBigUInt64LE(ProtectConfig.glassInode), 0n);
});

test('what the kernel side has no room for is refused', () => {
  const config = { claimsId: 1, active: false };
  const places = { bpfDir: '/', glassFile: '/glass', cgroups: [] };
  assert.throws(() => encodeConfig(config, { ...places, glassFile: `/${'x'.repeat(64)}` }), {
    code: ErrorCode.Setting,
  });
  const cgroups = Array.from({ length: 9 }, () => '/sys');
  assert.throws(() => encodeConfig(config, { ...places, cgroups }), { code: ErrorCode.Setting });
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
