// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BootClock } from '../base/boot-clock.ts';
import { ChunkWriter } from './chunk-writer.ts';
import { TimeWriter } from './time-writer.ts';

function written(write: (out: ChunkWriter) => void): string {
  const out = new ChunkWriter(1);
  write(out);
  return Buffer.from(out.bytes).toString();
}

test('decimal digits of every length up to 64 bits', () => {
  for (let bits = 0n; bits <= 64n; bits++) {
    for (const value of [(1n << bits) - 1n, BigInt.asUintN(64, 1n << bits)]) {
      assert.equal(
        written((out) => out.appendDecimal(value)),
        String(value),
      );
    }
  }
  for (let power = 1n; power < 1n << 64n; power *= 10n) {
    assert.equal(
      written((out) => out.appendDecimal(power)),
      String(power),
    );
    assert.equal(
      written((out) => out.appendDecimal(power - 1n)),
      String(power - 1n),
    );
  }
});

test('leading zeros fill up to the number of digits', () => {
  assert.equal(
    written((out) => out.appendPadded(42, 9)),
    '000000042',
  );
  assert.equal(
    written((out) => out.appendPadded(999_999_999, 9)),
    '999999999',
  );
});

test('the buffer grows and keeps what it holds', () => {
  const text = written((out) => {
    for (let i = 0; i < 100; i++) out.append(Buffer.from('abc'));
    out.appendText('ü');
  });
  assert.equal(text, `${'abc'.repeat(100)}ü`);
});

test('times are those of the clock, in any order and across a step', () => {
  let real = 1_700_000_000_123_456_789n;
  const clock = new BootClock({ boottimeNs: () => 0n, realtimeNs: () => real });
  const time = new TimeWriter(clock);
  const check = (ktime: bigint): void =>
    assert.equal(
      written((out) => time.append(out, ktime)),
      clock.format(ktime).slice(0, -1),
    );
  for (const ktime of [0n, 1n, 876_543_210n, 876_543_211n, 5_000_000_000n, 4_999_999_999n, 0n]) check(ktime);
  real += 7_500_000_000n;
  clock.check();
  for (const ktime of [0n, 1n, 400_000_000n]) check(ktime);
});
