// SPDX-License-Identifier: Apache-2.0
import type { BigIntStats } from 'node:fs';
import { basename, dirname } from 'node:path';
import { ProtectConfig, ProtectKind, ProtectLimit, ProtectRefusal } from '../events/gen/layouts.ts';
import { AgentError, ErrorCode } from '../base/errors.ts';

/** What is refused to others, by enum protect_kind. */
export const REFUSED: Readonly<Record<number, string>> = {
  [ProtectKind.PROTECT_SIGNAL]: 'a signal to the agent',
  [ProtectKind.PROTECT_TRACE]: 'tracing the agent or writing to its memory',
  [ProtectKind.PROTECT_LIMIT]: 'a resource limit for the agent',
  [ProtectKind.PROTECT_MAP]: 'opening a map of the agent',
  [ProtectKind.PROTECT_PROGRAM]: 'opening a program of the agent',
  [ProtectKind.PROTECT_LINK]: 'detaching or replacing a program of the agent',
  [ProtectKind.PROTECT_PIN]: 'changing the pins of the agent',
  [ProtectKind.PROTECT_UNMOUNT]: 'unmounting the filesystem of the pins',
  [ProtectKind.PROTECT_CGROUP]: 'killing or freezing a cgroup of the agent',
  [ProtectKind.PROTECT_CLAIM]: 'taking the place of the agent',
  [ProtectKind.PROTECT_SWITCH]: "switching off the kernel's programs",
};

/** How often something was done, and by whom last. */
export interface Refusal {
  readonly count: bigint;
  readonly pid: number;
  readonly command: string;
}

export function decodeRefusal(bytes: Uint8Array): Refusal {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [command = ''] = Buffer.from(bytes.subarray(ProtectRefusal.comm)).toString('latin1').split('\0');
  return {
    count: view.getBigUint64(ProtectRefusal.count, true),
    pid: view.getUint32(ProtectRefusal.tgid, true),
    command,
  };
}

/** As the kernel knows it. */
export interface Inode {
  readonly inode: bigint;
  readonly device: number;
}

export interface ProtectionConfig {
  /** the directory of the pins: the one that it was, whatever its path leads to later */
  readonly pins: Inode;
  readonly claimsId: number;
  /** others are refused what they may not do */
  readonly active: boolean;
}

/** What of the settings the kernel side needs. */
export interface ProtectionPlaces {
  readonly bpfDir: string;
  readonly glassFile: string;
  /** directories of cgroups whose processes may do what who started the agent may; one that does not exist is none */
  readonly cgroups: readonly string[];
}

/** Throws an ERR_SETTING for what the kernel side has no room for. */
export function checkPlaces({ glassFile, cgroups }: ProtectionPlaces): void {
  const nameBytes = Buffer.byteLength(basename(glassFile));
  if (nameBytes >= ProtectLimit.PROTECT_NAME_MAX)
    throw new AgentError(
      ErrorCode.Setting,
      `Cannot use break-glass-file ${JSON.stringify(glassFile)}: its name has ${nameBytes} bytes`,
      { remedy: `Choose one of less than ${ProtectLimit.PROTECT_NAME_MAX} bytes.` },
    );
  if (cgroups.length > ProtectLimit.PROTECT_CGROUPS_MAX)
    throw new AgentError(
      ErrorCode.Setting,
      `Cannot use trusted-cgroups: ${cgroups.length} of them, and ${ProtectLimit.PROTECT_CGROUPS_MAX} is the most`,
      { remedy: 'Name fewer.' },
    );
}

/**
 * struct protect_config. `lookAt` says what is at a path. A directory of the break-glass file that does not exist leaves the
 * file to the agent's eyes.
 */
export function encodeConfig(
  { pins, claimsId, active }: ProtectionConfig,
  { glassFile, cgroups }: ProtectionPlaces,
  lookAt: (path: string) => BigIntStats | undefined,
): Uint8Array {
  const view = new DataView(new ArrayBuffer(ProtectConfig.sizeof));
  const glass = lookAt(dirname(glassFile));
  view.setBigUint64(ProtectConfig.pinsInode, pins.inode, true);
  view.setUint32(ProtectConfig.pinsDev, pins.device, true);
  view.setBigUint64(ProtectConfig.glassInode, glass?.ino ?? 0n, true);
  view.setUint32(ProtectConfig.glassDev, glass === undefined ? 0 : kernelDevice(glass.dev), true);
  view.setUint32(ProtectConfig.claimsId, claimsId, true);
  view.setUint32(ProtectConfig.active, active ? 1 : 0, true);
  cgroups.forEach((path, index) =>
    view.setBigUint64(ProtectConfig.cgroups + 8 * index, lookAt(path)?.ino ?? 0n, true),
  );
  const bytes = new Uint8Array(view.buffer);
  bytes.set(Buffer.from(basename(glassFile)), ProtectConfig.glassName);
  return bytes;
}

export function decodeConfig(bytes: Uint8Array): ProtectionConfig {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    pins: {
      inode: view.getBigUint64(ProtectConfig.pinsInode, true),
      device: view.getUint32(ProtectConfig.pinsDev, true),
    },
    claimsId: view.getUint32(ProtectConfig.claimsId, true),
    active: view.getUint32(ProtectConfig.active, true) === 1,
  };
}

export function inodeOf({ ino, dev }: BigIntStats): Inode {
  return { inode: ino, device: kernelDevice(dev) };
}

/** A dev_t of the C library in the kernel's encoding, major << 20 | minor. */
export function kernelDevice(device: bigint): number {
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & ~0xfffn);
  const minor = (device & 0xffn) | ((device >> 12n) & 0xfff00n);
  return Number((major << 20n) | minor);
}
