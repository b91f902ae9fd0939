// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { silentLogger } from '../../base/log.ts';
import { chunkOf, gapLine, range, readBack, sum } from '../testing.ts';
import { FileSink } from './index.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root to mount a tmpfs';

/** A file system of 64 KiB with a sink on it. */
function smallDisk(t: TestContext): { path: string; sink: FileSink } {
  const directory = fs.mkdtempSync(join(tmpdir(), 'merlon-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'merlon-test', directory]);
  t.after(() => {
    execFileSync('umount', ['-l', directory]);
    fs.rmdirSync(directory);
  });
  const path = join(directory, 'events.json');
  const sink = new FileSink({
    path,
    mode: 0o600,
    maxBytes: 1 << 30,
    maxBackups: 0,
    rotationIntervalMs: 0,
    gapLine,
    log: silentLogger(),
  });
  return { path, sink };
}

test('a full disk leaves whole lines, and the gap record makes the sum exact', { skip }, async (t) => {
  const { path, sink } = smallDisk(t);
  const started = BigInt(Date.now()) * 1_000_000n;
  let next = 0;
  for (let i = 0; i < 30; i++) {
    sink.write(chunkOf(next, 37, 137), 37);
    next += 37;
  }
  const stuck = readBack(fs.readFileSync(path, 'utf8'));
  assert.deepEqual(stuck.numbers, range(0, stuck.numbers.length));
  assert.ok(stuck.numbers.length > 400);
  assert.equal(sink.stats().events, stuck.numbers.length);
  assert.equal(sink.stats().lost, next - stuck.numbers.length);
  assert.match(sink.stats().error, /ENOSPC/);

  fs.truncateSync(path, 0);
  await sleep(150);
  sink.write(chunkOf(next, 5), 5);
  await sink.close();
  const { numbers, gaps } = readBack(fs.readFileSync(path, 'utf8'));
  assert.deepEqual(numbers, range(next, 5));
  assert.equal(stuck.numbers.length + numbers.length + sum(gaps), next + 5);
  assert.equal(gaps[0]?.from, BigInt(Date.UTC(2026, 10, 20, 17, 45, 1)) * 1_000_000n + 1n);
  assert.ok(gaps.every(({ to }) => to >= started));
  assert.equal(sink.stats().error, '');
});

test('the gap record comes without any further event', { skip }, async (t) => {
  const { path, sink } = smallDisk(t);
  sink.write(chunkOf(0, 1000, 137), 1000);
  fs.truncateSync(path, 0);
  while (fs.statSync(path).size === 0) await sleep(10);
  const { gaps } = readBack(fs.readFileSync(path, 'utf8'));
  assert.equal(sum(gaps), sink.stats().lost);
  await sink.close();
  assert.equal(readBack(fs.readFileSync(path, 'utf8')).gaps.length, 1);
});

test('a gap record that is lost counts with all that it tells of', { skip }, async (t) => {
  const { path, sink } = smallDisk(t);
  sink.write(chunkOf(0, 1000, 137), 1000);
  const before = sink.stats().lost;
  sink.write(Buffer.concat([chunkOf(1000, 2), gapLine(4000, 0n, 1n), chunkOf(1002, 1)]), 4);
  assert.equal(sink.stats().lost, before + 3 + 4000);
  fs.truncateSync(path, 0);
  await sink.close();
  assert.equal(sum(readBack(fs.readFileSync(path, 'utf8')).gaps), before + 3 + 4000);
});

test('a disk that is full again and again keeps the sum exact', { skip }, async (t) => {
  const { path, sink } = smallDisk(t);
  let next = 0;
  let got = 0;
  for (let round = 0; round < 4; round++) {
    for (let i = 0; i < 12; i++) {
      sink.write(chunkOf(next, 61, 173), 61);
      next += 61;
    }
    const received = readBack(fs.readFileSync(path, 'utf8'));
    got += received.numbers.length + sum(received.gaps);
    fs.truncateSync(path, 0);
    await sleep(60);
  }
  await sink.close();
  const received = readBack(fs.readFileSync(path, 'utf8'));
  got += received.numbers.length + sum(received.gaps);
  assert.equal(got, next);
  assert.equal(sink.stats().events + sink.stats().lost, next);
});
