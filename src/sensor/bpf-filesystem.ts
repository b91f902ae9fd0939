// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, readdirSync, rmdirSync, statfsSync, statSync, unlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { AgentError, ErrorCode } from '../base/errors.ts';
import { addon } from '../kernel/addon.ts';

/** BPF_FS_MAGIC of include/uapi/linux/magic.h */
const BPF_FS_MAGIC = 0xcafe4a11;
const DEFAULT_MOUNT = '/sys/fs/bpf';

/**
 * Makes sure that `directory` exists on a bpf filesystem; mounts one at /sys/fs/bpf, as systemd does, when that is where
 * it should be and nothing is there.
 */
export function ensureBpfDirectory(directory: string): void {
  if (directory.startsWith(`${DEFAULT_MOUNT}/`) && !isBpfFilesystem(DEFAULT_MOUNT)) {
    addon.mountFs('bpf', DEFAULT_MOUNT);
  }
  if (!isBpfFilesystem(nearestExisting(directory))) {
    throw new AgentError(
      ErrorCode.Setting,
      `Cannot pin programs in ${JSON.stringify(directory)}: not on a bpf filesystem`,
      {
        remedy:
          'Set bpf-dir to a directory below /sys/fs/bpf, or mount one with "mount -t bpf bpf DIRECTORY".',
      },
    );
  }
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new AgentError(
      ErrorCode.Setting,
      `Cannot make the directory of pins ${JSON.stringify(directory)}: ${(error as Error).message}`,
      { cause: error, remedy: 'Make the bpf filesystem writable, or set bpf-dir to one that is.' },
    );
  }
}

/** Removes a directory of pins with everything below it. */
export function removePins(directory: string): void {
  for (const entry of listPins(directory)) {
    const path = join(directory, entry);
    if (statSync(path).isDirectory()) removePins(path);
    else unlinkSync(path);
  }
  rmdirSync(directory);
}

/** Names in a directory of pins; none when there is no such directory. */
export function listPins(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [];
    if (code !== 'EACCES') throw error;
    throw new AgentError(
      ErrorCode.Privilege,
      `Cannot read the directory of pins ${JSON.stringify(directory)}: permission denied`,
      { cause: error, remedy: 'Run as root.' },
    );
  }
}

function isBpfFilesystem(path: string): boolean {
  try {
    return statfsSync(path).type === BPF_FS_MAGIC;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

function nearestExisting(directory: string): string {
  for (let path = directory; ; path = dirname(path)) {
    try {
      statSync(path);
      return path;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || path === '/') throw error;
    }
  }
}
