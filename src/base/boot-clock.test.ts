// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BootClock } from './boot-clock.ts';

test('formats kernel time as wall-clock time, with the digits that protobuf’s JSON has', () => {
  const clock = new BootClock({
    boottimeNs: () => 5_000_000_000n,
    realtimeNs: () => 1_700_000_005_000_000_000n,
  });
  assert.equal(clock.format(0n), '2023-11-14T22:13:20Z');
  assert.equal(clock.format(1_000_000_001n), '2023-11-14T22:13:21.000000001Z');
  assert.equal(clock.format(1_999_999_999n), '2023-11-14T22:13:21.999999999Z');
  assert.equal(clock.format(1_120_000_000n), '2023-11-14T22:13:21.120Z');
  assert.equal(clock.format(1_000_010_000n), '2023-11-14T22:13:21.000010Z');
});

test('a step of the wall clock is followed, noise is not', () => {
  let real = 1_700_000_000_000_000_000n;
  const clock = new BootClock({ boottimeNs: () => 0n, realtimeNs: () => real });
  real += 1000n;
  assert.equal(clock.check(), 0n);
  assert.equal(clock.format(0n), '2023-11-14T22:13:20Z');
  real += 3_600_000_000_000n;
  assert.equal(clock.check(), 3_600_000_001_000n);
  assert.equal(clock.format(0n), '2023-11-14T23:13:20.000001Z');
});
