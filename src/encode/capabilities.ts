// SPDX-License-Identifier: Apache-2.0
import { CAPABILITY_NAMES } from '../base/capability-names.ts';

/** As Tetragon's CapabilitiesType has them (tetragon/capabilities.proto): number 1 lacks the prefix there. */
const CAPABILITIES = CAPABILITY_NAMES.map((name) => (name === 'CAP_DAC_OVERRIDE' ? 'DAC_OVERRIDE' : name));

/** Tetragon's SecureBitsType by bit. */
const SECURE_BITS = [
  'SecBitNoRoot',
  'SecBitNoRootLocked',
  'SecBitNoSetUidFixup',
  'SecBitNoSetUidFixupLocked',
  'SecBitKeepCaps',
  'SecBitKeepCapsLocked',
  'SecBitNoCapAmbientRaise',
  'SecBitNoCapAmbientRaiseLocked',
] as const;

/** The names of the capabilities in a mask; a bit that has no name yet is left out, as the wire format has none for it. */
export function capabilityNames(mask: bigint): string[] {
  return CAPABILITIES.filter((_, bit) => (mask & (1n << BigInt(bit))) !== 0n);
}

/** The name of one capability; undefined for a number that has none. */
export function capabilityName(capability: number): string | undefined {
  return CAPABILITIES[capability];
}

export function secureBitNames(bits: number): string[] {
  return SECURE_BITS.filter((_, bit) => (bits & (1 << bit)) !== 0);
}
