// SPDX-License-Identifier: Apache-2.0
/** The same computation as bpf/lib/string_key.h. */

/** Two random 64-bit words; whoever knows them can make strings of equal keys. */
export type StringSecret = readonly [low: bigint, high: bigint];

const LOW_FACTOR = 0x9e3779b97f4a7c15n;
const HIGH_FACTOR = 0xc90fdaa22168c235n;

/** Writes a struct string_key of `bytes` at `offset`: two words of hash, the length, a word of zeros. */
export function writeStringKey(
  view: DataView,
  offset: number,
  bytes: Uint8Array,
  [low, high]: StringSecret,
): void {
  for (let at = 0; at < bytes.length; at += 8) {
    const word = wordAt(bytes, at);
    low = BigInt.asUintN(64, (low ^ word) * LOW_FACTOR);
    low ^= low >> 29n;
    high = BigInt.asUintN(64, (high + word) * HIGH_FACTOR);
    high ^= high >> 31n;
  }
  view.setBigUint64(offset, low, true);
  view.setBigUint64(offset + 8, high, true);
  view.setUint32(offset + 16, bytes.length, true);
  view.setUint32(offset + 20, 0, true);
}

/** Eight bytes as a little-endian word, zeros behind the end. */
function wordAt(bytes: Uint8Array, at: number): bigint {
  let word = 0n;
  for (let i = Math.min(7, bytes.length - at - 1); i >= 0; i--)
    word = (word << 8n) | BigInt(bytes[at + i] ?? 0);
  return word;
}
