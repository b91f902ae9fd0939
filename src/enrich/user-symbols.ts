// SPDX-License-Identifier: Apache-2.0
import { closeSync, constants, fstatSync, openSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ElfFile } from './elf-file.ts';
import { readElf } from './elf-file.ts';
import type { Mapping } from './process-maps.ts';
import { mappingAt, readMappings } from './process-maps.ts';
import type { StackFrame, StackPlace } from './stack-frame.ts';

/** How long the mappings of a process are taken as they were; a stack has many addresses. */
const MAPPINGS_MS = 1_000;
const KEPT_PROCESSES = 64;
/** Of all files' symbols together; the least recently used are given up. */
const KEPT_BYTES = 64 << 20;
const KEPT_FILES = 1024;

const NO_FILE: ElfFile = { buildId: '', bytes: 64, symbolAt: () => '' };

interface KnownProcess {
  readonly mappings: readonly Mapping[];
  readonly files: Map<Mapping, ElfFile>;
  readonly readAt: number;
}

/**
 * Functions of running processes by address: the mappings of /proc/PID/maps, and the symbols of the files behind them. A
 * frame without a symbol has its file, the offset in it and the build id, from which a debugger finds the rest.
 */
export class UserSymbols {
  readonly #procPath: string;
  readonly #processes = new Map<number, KnownProcess>();
  /** by device, inode, size and time of change; in the order of use */
  readonly #files = new Map<string, ElfFile>();
  /** the last file of each build id (as the kernel gives it), and how it was called */
  readonly #byBuildId = new Map<string, { readonly file: ElfFile; readonly path: string }>();
  #knowsOwn = false;
  #bytes = 0;

  constructor(procPath = '/proc') {
    this.#procPath = procPath;
  }

  find(address: bigint, tgid: number): StackFrame | undefined {
    const process = this.#process(tgid);
    const place = Number(address);
    const mapping = mappingAt(process.mappings, place);
    if (mapping === undefined) return undefined;
    const offset = place - mapping.start + mapping.offset;
    let file = process.files.get(mapping);
    if (file === undefined) {
      file = this.#openMapping(tgid, mapping);
      process.files.set(mapping, file);
    }
    const { path: module } = mapping;
    return { symbol: file.symbolAt(offset), offset: BigInt(offset), module, buildId: file.buildId };
  }

  /**
   * The function at a place of a file that a process had mapped, if the file is at hand: it has been in another stack, this
   * process uses it too, or it is what was executed. Only the build id decides that it is the same file.
   */
  findPlace({ buildId, offset }: StackPlace, binary: string): StackFrame {
    if (!this.#byBuildId.has(buildId)) this.#knowOwn();
    if (!this.#byBuildId.has(buildId) && binary !== '') this.#open(binary, binary);
    const known = this.#byBuildId.get(buildId);
    if (known === undefined) return { symbol: '', offset, module: `build-id:${buildId}`, buildId };
    const { file, path } = known;
    return { symbol: file.symbolAt(Number(offset)), offset, module: path, buildId: file.buildId };
  }

  /** Libraries that this process uses are those of most others. */
  #knowOwn(): void {
    if (this.#knowsOwn) return;
    this.#knowsOwn = true;
    for (const mapping of readMappings(this.#procPath, process.pid)) this.#openMapping(process.pid, mapping);
  }

  #process(tgid: number): KnownProcess {
    const readAt = performance.now();
    const known = this.#processes.get(tgid);
    if (known !== undefined && readAt - known.readAt < MAPPINGS_MS) return known;
    const process = {
      mappings: readMappings(this.#procPath, tgid),
      files: new Map<Mapping, ElfFile>(),
      readAt,
    };
    this.#processes.delete(tgid);
    this.#processes.set(tgid, process);
    for (const oldest of this.#processes.keys()) {
      if (this.#processes.size <= KEPT_PROCESSES) break;
      this.#processes.delete(oldest);
    }
    return process;
  }

  /** map_files leads to the very file, also a deleted or replaced one; it needs CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN. */
  #openMapping(tgid: number, { range, path }: Mapping): ElfFile {
    return this.#open(join(this.#procPath, String(tgid), 'map_files', range), path);
  }

  /** `name` is what frames call the file. */
  #open(path: string, name: string): ElfFile {
    try {
      // A device is not opened: that alone can do something.
      return statSync(path).isFile() ? this.#read(path, name) : NO_FILE;
    } catch {
      // The process has ended or the file may not be read: the frame then has its place in the file only.
      return NO_FILE;
    }
  }

  #read(path: string, name: string): ElfFile {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const { dev, ino, size, mtimeMs } = fstatSync(fd);
      const key = `${dev}:${ino}:${size}:${mtimeMs}`;
      const known = this.#files.get(key);
      const file = known ?? readElf(fd) ?? NO_FILE;
      this.#files.delete(key);
      this.#files.set(key, file);
      if (known === undefined) this.#bytes += file.bytes;
      if (file.buildId !== '') this.#byBuildId.set(kernelForm(file.buildId), { file, path: name });
      this.#shrink();
      return file;
    } finally {
      closeSync(fd);
    }
  }

  #shrink(): void {
    for (const [key, { buildId, bytes }] of this.#files) {
      if (this.#bytes <= KEPT_BYTES && this.#files.size <= KEPT_FILES) return;
      this.#files.delete(key);
      this.#byBuildId.delete(kernelForm(buildId));
      this.#bytes -= bytes;
    }
  }
}

/** The kernel fills a shorter build id with zeros (BUILD_ID_SIZE_MAX, include/linux/buildid.h). */
function kernelForm(buildId: string): string {
  return buildId.padEnd(40, '0');
}
