// SPDX-License-Identifier: Apache-2.0

const DIGIT_ZERO = 0x30;
const U32_MAX = 0xffff_ffffn;
/** Digits of 2^64 - 1. */
const U64_DIGITS = 20;

/** A growing byte buffer that is filled, handed over and filled again: no allocation per event. */
export class ChunkWriter {
  #buffer: Buffer;
  #length = 0;

  constructor(capacity: number) {
    this.#buffer = Buffer.allocUnsafeSlow(capacity);
  }

  get length(): number {
    return this.#length;
  }

  /** What was written since the last reset(); valid until the next write. */
  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  reset(): void {
    this.#length = 0;
  }

  append(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Text that is known to hold ASCII only. */
  appendAscii(text: string): void {
    this.#reserve(text.length);
    this.#length += this.#buffer.write(text, this.#length, 'latin1');
  }

  appendText(text: string): void {
    this.#reserve(text.length * 3);
    this.#length += this.#buffer.write(text, this.#length, 'utf8');
  }

  /** An unsigned 64-bit number in decimal. Digits are written here: a call that writes a short string costs ten times as much. */
  appendDecimal(value: bigint): void {
    if (value <= U32_MAX) {
      const low = Number(BigInt.asUintN(32, value));
      this.appendPadded(low, countDigits(low));
    } else {
      this.#reserve(U64_DIGITS);
      this.#length += this.#buffer.write(value.toString(), this.#length, 'latin1');
    }
  }

  /** The last `digits` decimal digits of a number below 2^32, with leading zeros. */
  appendPadded(value: number, digits: number): void {
    this.#reserve(digits);
    const buffer = this.#buffer;
    let rest = value;
    for (let at = this.#length + digits - 1; at >= this.#length; at--) {
      const tens = (rest / 10) >>> 0;
      buffer[at] = DIGIT_ZERO + rest - tens * 10;
      rest = tens;
    }
    this.#length += digits;
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2));
    grown.set(this.bytes);
    this.#buffer = grown;
  }
}

/** Digits of a whole number below 2^32. */
function countDigits(value: number): number {
  let digits = 1;
  for (let bound = 10; value >= bound; bound *= 10) digits++;
  return digits;
}
