// SPDX-License-Identifier: Apache-2.0

const DIGIT_ZERO = 0x30;
const MINUS = 0x2d;
const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_LIST = 0x5b;
const OPEN_OBJECT = 0x7b;
const BACKSLASH = 0x5c;
const HEX_DIGITS = Buffer.from('0123456789abcdef');
const U32_MAX = 0xffff_ffffn;
/** Digits of 2^64 - 1. */
const U64_DIGITS = 20;
/** `\u001f` */
const LONGEST_ESCAPE = 6;
/** ASCII that stands in a JSON string as it is. */
const IS_PLAIN = Uint8Array.from({ length: 256 }, (_, code) =>
  Number(code >= 0x20 && code < 0x80 && code !== QUOTE && code !== BACKSLASH),
);
/** As many bytes are copied faster by a call than one by one. */
const WORTH_A_CALL = 32;
const CONTROL_ESCAPES = Array.from({ length: 0x20 }, (_, code) =>
  JSON.stringify(String.fromCharCode(code)).slice(1, -1),
);

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

  /** A comma, unless an object or a list has just been opened. */
  appendSeparator(): void {
    this.#reserve(1);
    const before = this.#buffer[this.#length - 1];
    if (before !== OPEN_OBJECT && before !== OPEN_LIST) this.#buffer[this.#length++] = COMMA;
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

  /** A whole number between -2^31 and 2^32 in decimal. */
  appendInteger(value: number): void {
    this.#reserve(1);
    if (value < 0) this.#buffer[this.#length++] = MINUS;
    const size = Math.abs(value);
    this.appendPadded(size, countDigits(size));
  }

  /** A 64-bit number, unsigned, by its halves (each below 2^32), in decimal. */
  appendHalves(low: number, high: number): void {
    if (high === 0) this.appendPadded(low, countDigits(low));
    else this.appendDecimal((BigInt(high) << 32n) | BigInt(low));
  }

  /** The bytes [start, end) as hexadecimal digits. */
  appendHex(bytes: Uint8Array, start: number, end: number): void {
    this.#reserve((end - start) * 2);
    for (let at = start; at < end; at++) {
      const byte = bytes[at] ?? 0;
      this.#buffer[this.#length++] = HEX_DIGITS[byte >> 4] ?? 0;
      this.#buffer[this.#length++] = HEX_DIGITS[byte & 15] ?? 0;
    }
  }

  /** The bytes [start, end) in base64. */
  appendBase64(bytes: Uint8Array, start: number, end: number): void {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('base64');
    this.appendAscii(text);
  }

  /**
   * The bytes [start, end) as the inside of a JSON string: UTF-8, U+FFFD in place of each sequence that is none. Bytes are
   * looked at one by one up to the first that is not ASCII; a call for a short rest costs more than a path has characters.
   */
  appendJson(bytes: Uint8Array, start: number, end: number): void {
    this.#reserve((end - start) * LONGEST_ESCAPE);
    let plain = start;
    while (plain < end && IS_PLAIN[bytes[plain] ?? 0] === 1) plain++;
    if (plain - start >= WORTH_A_CALL) {
      this.#buffer.set(bytes.subarray(start, plain), this.#length);
      this.#length += plain - start;
    } else {
      plain = start;
    }
    this.#appendEscaped(bytes, plain, end);
  }

  #appendEscaped(bytes: Uint8Array, start: number, end: number): void {
    const buffer = this.#buffer;
    let length = this.#length;
    for (let at = start; at < end; at++) {
      const byte = bytes[at] ?? 0;
      if (byte >= 0x80) {
        this.#length = length;
        this.#appendJsonText(bytes, at, end);
        return;
      }
      if (byte < 0x20) {
        length += buffer.write(CONTROL_ESCAPES[byte] ?? '', length, 'latin1');
        continue;
      }
      if (byte === QUOTE || byte === BACKSLASH) buffer[length++] = BACKSLASH;
      buffer[length++] = byte;
    }
    this.#length = length;
  }

  #appendJsonText(bytes: Uint8Array, start: number, end: number): void {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8');
    this.appendText(JSON.stringify(text).slice(1, -1));
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
