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

test('whole numbers with a sign, and 64-bit numbers by their halves', () => {
  for (const value of [0, 1, -1, 9, 10, 2 ** 31, -(2 ** 31), 2 ** 32 - 1])
    assert.equal(
      written((out) => out.appendInteger(value)),
      String(value),
    );
  for (const value of [0n, 1n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 64n - 1n])
    assert.equal(
      written((out) => out.appendHalves(Number(value & 0xffff_ffffn), Number(value >> 32n))),
      String(value),
    );
});

test('bytes as hexadecimal digits and base64', () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
  const middle = Buffer.from(bytes.subarray(3, 250));
  assert.equal(
    written((out) => out.appendHex(bytes, 3, 250)),
    middle.toString('hex'),
  );
  assert.equal(
    written((out) => out.appendBase64(bytes, 3, 250)),
    middle.toString('base64'),
  );
});

test('a separator stands between members only', () => {
  const text = written((out) => {
    for (const part of ['[', '{', '"a":1', '"b":[', '1', '2']) {
      if (part !== '[') out.appendSeparator();
      out.appendAscii(part);
    }
  });
  assert.equal(text, '[{"a":1,"b":[1,2');
});

test('any bytes are the inside of a JSON string, as Buffer decodes them', () => {
  let state = 5;
  const next = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return (state >>> 8) % below;
  };
  const check = (bytes: Uint8Array): void => {
    const around = Buffer.concat([Buffer.from('"'), bytes, Buffer.from('"')]);
    const text = written((out) => out.appendJson(around, 1, around.length - 1));
    assert.equal(JSON.parse(`"${text}"`), Buffer.from(bytes).toString('utf8'));
  };
  for (let byte = 0; byte < 256; byte++) {
    check(Uint8Array.of(byte));
    check(Buffer.concat([Buffer.alloc(40, 'x'), Buffer.of(byte), Buffer.from('y')]));
  }
  for (let run = 0; run < 2_000; run++)
    check(Uint8Array.from({ length: next(80) }, () => (next(4) === 0 ? next(256) : 0x20 + next(0x5f))));
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
  for (const ktime of [0n, 1n, 211n, 400_000_000n, 543_211n, 376_543_211n]) check(ktime);
});
