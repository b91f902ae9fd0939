// SPDX-License-Identifier: Apache-2.0
/** The same computation as bpf/lib/string_key.h. */
import { HookLimit } from '../events/gen/layouts.ts';
import type { FileIdentity } from './kernel-facts.ts';

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

/** Makes `key` the struct string_key of a file: its inode and device in place of a hash, and a length that no string has. */
export function writeFileKey(key: Uint8Array, { device, inode }: FileIdentity): Uint8Array {
  const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
  view.setBigUint64(0, inode, true);
  view.setBigUint64(8, BigInt(device), true);
  view.setUint32(16, HookLimit.HOOK_FILE_KEY, true);
  return key;
}

/** Eight bytes as a little-endian word, zeros behind the end. */
function wordAt(bytes: Uint8Array, at: number): bigint {
  let word = 0n;
  for (let i = Math.min(7, bytes.length - at - 1); i >= 0; i--)
    word = (word << 8n) | BigInt(bytes[at + i] ?? 0);
  return word;
}
