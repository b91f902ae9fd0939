// SPDX-License-Identifier: Apache-2.0
import { closeSync, fstatSync, ftruncateSync, renameSync, statSync, writeSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { lastLineEnd } from '../lines.ts';
import { backupPath } from './backups.ts';
import type { OpenedFile } from './open.ts';
import { openExportFile } from './open.ts';

const NEWLINE = Buffer.from('\n');

export interface Appended {
  /** of the whole lines that are in the file now */
  readonly bytes: number;
  readonly error?: NodeJS.ErrnoException;
}

/** The export file as it is open now. Only whole lines stay in it. */
export class ExportFile {
  readonly #path: string;
  readonly #mode: number;
  #fd: number;
  #torn: boolean;
  /** when the file began, Unix time */
  #bornMs = 0;

  /** Throws an AgentError with the remedy. */
  constructor(path: string, mode: number) {
    this.#path = path;
    this.#mode = mode;
    const opened = openExportFile(path, mode);
    this.#fd = opened.fd;
    this.#torn = opened.torn;
    this.#setBirth(opened.stats);
  }

  get bornMs(): number {
    return this.#bornMs;
  }

  /** As the kernel has it: others may have truncated or deleted the file. */
  state(): Stats {
    return fstatSync(this.#fd);
  }

  /** Appends whole lines; `size` is the file's size now. After a failed write the file ends with the last whole line. */
  append(lines: Uint8Array, size: number): Appended {
    let written = 0;
    try {
      if (this.#torn && size > 0) {
        writeSync(this.#fd, NEWLINE);
        size += NEWLINE.length;
      }
      this.#torn = false;
      while (written < lines.length) written += writeSync(this.#fd, lines, written, lines.length - written);
      return { bytes: written };
    } catch (error) {
      const whole = lastLineEnd(lines, written);
      if (whole < written) this.#cut(size + whole, size + written);
      return { bytes: whole, error: error as NodeJS.ErrnoException };
    }
  }

  /** Takes the half line back; if somebody else changed the file meanwhile, a newline ends it at the next append. */
  #cut(wholeSize: number, sizeNow: number): void {
    try {
      if (fstatSync(this.#fd).size === sizeNow) {
        ftruncateSync(this.#fd, wholeSize);
        return;
      }
    } catch {
      // The write's own error is what the caller reports; the half line is dealt with below.
    }
    this.#torn = true;
  }

  /** Opens the path anew and lets go of the old file; on failure the old one stays. Throws an AgentError. */
  reopen(): void {
    this.#replace(openExportFile(this.#path, this.#mode));
  }

  /**
   * Moves the file to a backup name and begins a new one with the same owner. If that fails, the old file stays in use
   * under whatever name it has: no line is lost. Throws the error.
   */
  rotate(nowMs: number): void {
    const old = fstatSync(this.#fd);
    // Somebody may have moved the file away already: then the path is not ours to rename.
    const backup = this.#isAt(old) ? backupPath(this.#path, nowMs) : undefined;
    if (backup !== undefined) renameSync(this.#path, backup);
    try {
      this.#replace(openExportFile(this.#path, this.#mode, old));
    } catch (error) {
      if (backup !== undefined) renameSync(backup, this.#path);
      throw error;
    }
  }

  close(): void {
    closeSync(this.#fd);
  }

  #isAt(file: Stats): boolean {
    const found = statSync(this.#path, { throwIfNoEntry: false });
    return found !== undefined && found.ino === file.ino && found.dev === file.dev;
  }

  #replace(opened: OpenedFile): void {
    closeSync(this.#fd);
    this.#fd = opened.fd;
    this.#torn = opened.torn;
    this.#setBirth(opened.stats);
  }

  /** File systems without a birth time report 1970: then the age counts from now. */
  #setBirth(stats: Stats): void {
    const now = Date.now();
    this.#bornMs = stats.birthtimeMs > 0 && stats.birthtimeMs <= now ? stats.birthtimeMs : now;
  }
}
