// SPDX-License-Identifier: Apache-2.0
import { closeSync, openSync, readFileSync, statfsSync } from 'node:fs';
import type { FileIdentity } from '../plan/kernel-facts.ts';

/** include/uapi/asm-generic/fcntl.h: nothing is opened for reading, no hook that decides about opens is asked. */
const O_PATH = 0o10000000;

/** BTRFS_SUPER_MAGIC, include/uapi/linux/magic.h */
const BTRFS = 0x9123683e;

/** MINORBITS, include/linux/kdev_t.h */
const MINOR_BITS = 20;

/** Device of each mount of this process's namespace, by its id. */
export function readMounts(): ReadonlyMap<string, number> {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').trimEnd().split('\n');
  return new Map(
    lines.map((line) => {
      const [id = '', , device = ''] = line.split(' ');
      const [major = 0, minor = 0] = device.split(':').map(Number);
      return [id, ((major << MINOR_BITS) | minor) >>> 0];
    }),
  );
}

/**
 * The file that a path leads to, symbolic links followed; undefined when there is none. By fdinfo and mountinfo, since stat(2)
 * shows other numbers than the kernel's own on overlayfs. Throws an Error when it cannot be told: on btrfs each subvolume
 * numbers its files anew, and the kernel's device is that of all of them. `filesystemOf` gives the magic number of a path's.
 */
export function readFileIdentity(
  path: string,
  mounts: ReadonlyMap<string, number>,
  filesystemOf = (place: string): number => statfsSync(place).type,
): FileIdentity | undefined {
  let fd;
  try {
    fd = openSync(path, O_PATH);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
  try {
    if (filesystemOf(`/proc/self/fd/${fd}`) === BTRFS)
      throw new Error('on btrfs files of other subvolumes have the same number');
    const info = readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8');
    const [inode, mount] = ['ino', 'mnt_id'].map(
      (field) => new RegExp(`^${field}:\\s*(\\d+)$`, 'm').exec(info)?.[1],
    );
    const device = mounts.get(mount ?? '');
    if (inode === undefined || device === undefined)
      throw new Error(`its mount ${mount ?? ''} is not in /proc/self/mountinfo`);
    return { device, inode: BigInt(inode) };
  } finally {
    closeSync(fd);
  }
}
