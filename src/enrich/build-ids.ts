// SPDX-License-Identifier: Apache-2.0
import { closeSync, constants, fstatSync, openSync, statSync } from 'node:fs';
import { ElfImage } from '../kernel/elf-image.ts';

/** Files whose build id is kept; the least recently asked for goes first. */
const KEPT_FILES = 1024;

/**
 * Build ids of files that processes have mapped. The kernel's programs cannot read them from the file, so this looks at it
 * under the process's root, and believes it only when the inode is the one that was mapped: a file that is gone or was
 * replaced meanwhile has no build id rather than another's.
 */
export class BuildIds {
  readonly #known = new Map<string, Uint8Array>();

  /** Empty when it is not known or the file has none. `path` and `inode` as the mapping's record has them. */
  find(tgid: number, path: string, inode: bigint): Uint8Array {
    for (const root of [`/proc/${tgid}/root`, '']) {
      const found = this.#read(root + path, inode);
      if (found !== undefined) return found;
    }
    return new Uint8Array();
  }

  /** undefined when this is not the file. */
  #read(path: string, inode: bigint): Uint8Array | undefined {
    let fd: number;
    try {
      // Not even opened when it is no file: to open a device or a pipe can have effects.
      const stat = statSync(path, { bigint: true });
      if (!stat.isFile() || stat.ino !== inode) return undefined;
      fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    } catch {
      // The process or the file is gone: what a mapping's event then lacks is its build id.
      return undefined;
    }
    try {
      const { ino, dev, ctimeNs } = fstatSync(fd, { bigint: true });
      return ino === inode ? this.#idOf(`${dev}:${ino}:${ctimeNs}`, `/proc/self/fd/${fd}`) : undefined;
    } finally {
      closeSync(fd);
    }
  }

  #idOf(key: string, path: string): Uint8Array {
    const id = this.#known.get(key) ?? buildIdOf(path);
    this.#known.delete(key);
    this.#known.set(key, id);
    const [oldest] = this.#known.keys();
    if (this.#known.size > KEPT_FILES && oldest !== undefined) this.#known.delete(oldest);
    return id;
  }
}

function buildIdOf(path: string): Uint8Array {
  try {
    const image = new ElfImage(path);
    try {
      return Buffer.from(image.buildId() ?? '', 'hex');
    } finally {
      image.close();
    }
  } catch {
    // No ELF file, or a damaged one: it has no build id.
    return new Uint8Array();
  }
}
