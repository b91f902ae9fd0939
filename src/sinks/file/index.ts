// SPDX-License-Identifier: Apache-2.0
import { AgentError } from '../../base/errors.ts';
import { LogOnce } from '../../base/log-once.ts';
import { countLines, firstLineEnd, lastLineEnd } from '../lines.ts';
import { Loss } from '../loss.ts';
import type { Sink, SinkStats } from '../sink.ts';
import { pruneBackups } from './backups.ts';
import type { FileSinkOptions } from './options.ts';
import { ExportFile } from './send.ts';

const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 5000;
/** After a rotation that failed the file may grow for this long before the next attempt. */
const ROTATION_RETRY_MS = 5000;

/**
 * Appends every event to a file and rotates it by size and age. Writes are synchronous: on a local disk they end in the
 * page cache and cost less than handing the chunk to a thread. What cannot be written (disk full, directory gone) is
 * counted, tried again with back-off, and told of by a gap record when the file works again.
 */
export class FileSink implements Sink {
  readonly name = 'file';
  readonly #options: FileSinkOptions;
  readonly #log: LogOnce;
  readonly #file: ExportFile;
  readonly #loss = new Loss();
  #events = 0;
  #bytes = 0;
  #errors = 0;
  #error = '';
  #retryMs = FIRST_RETRY_MS;
  #retryAtMs = 0;
  #retryTimer: NodeJS.Timeout | undefined;
  #rotateAfterMs = 0;
  #ageTimer: NodeJS.Timeout | undefined;
  #pruning: Promise<void> = Promise.resolve();

  /** Opens the file; throws an AgentError with the remedy if that fails. */
  constructor(options: FileSinkOptions) {
    this.#options = options;
    this.#file = new ExportFile(options.path, options.mode);
    this.#log = new LogOnce(options.log);
    this.#armAge();
    this.#prune();
  }

  write(chunk: Uint8Array, events: number): void {
    if (this.#loss.pending > 0 && !this.#recover()) {
      this.#loss.add(chunk, events);
      return;
    }
    const done = this.#put(chunk);
    if (done === chunk.length) {
      this.#events += events;
      return;
    }
    const rest = chunk.subarray(done);
    const missing = done === 0 ? events : countLines(rest);
    this.#events += events - missing;
    this.#loss.add(rest, missing);
  }

  reopen(): void {
    try {
      this.#file.reopen();
      this.#error = '';
      this.#armAge();
    } catch (error) {
      this.#report(error, 'Cannot open the export file anew; the old one stays in use');
    }
  }

  async close(): Promise<void> {
    clearTimeout(this.#ageTimer);
    clearTimeout(this.#retryTimer);
    this.#retryAtMs = 0;
    if (this.#loss.pending > 0) this.#recover();
    clearTimeout(this.#retryTimer);
    await this.#pruning;
    this.#file.close();
    this.#log.close();
  }

  stats(): SinkStats {
    return {
      events: this.#events,
      bytes: this.#bytes,
      lost: this.#loss.total,
      errors: this.#errors,
      error: this.#error,
    };
  }

  /** Writes whole lines, rotating where the limit falls. Returns the bytes that are in the file; fewer means an error. */
  #put(lines: Uint8Array): number {
    let done = 0;
    try {
      while (done < lines.length) {
        const { part, size } = this.#nextPart(done === 0 ? lines : lines.subarray(done));
        const { bytes, error } = this.#file.append(part, size);
        this.#bytes += bytes;
        done += bytes;
        if (error !== undefined) throw error;
      }
    } catch (error) {
      this.#report(error, 'Cannot write to the export file; events are lost until it works again');
      this.#backOff();
    }
    return done;
  }

  /** What of these lines goes into the present file, and that file's size. */
  #nextPart(lines: Uint8Array): { part: Uint8Array; size: number } {
    let state = this.#file.state();
    if (state.nlink === 0) {
      this.#file.reopen();
      this.#armAge();
      state = this.#file.state();
    }
    const { size } = state;
    const room = this.#options.maxBytes - size;
    if (lines.length <= room || Date.now() < this.#rotateAfterMs) return { part: lines, size };
    const end = lastLineEnd(lines, room);
    if (end > 0) return { part: lines.subarray(0, end), size };
    if (size === 0) return { part: lines.subarray(0, firstLineEnd(lines)), size };
    return this.#rotate() ? this.#nextPart(lines) : { part: lines, size };
  }

  #rotate(): boolean {
    try {
      this.#file.rotate(Date.now());
    } catch (error) {
      this.#rotateAfterMs = Date.now() + ROTATION_RETRY_MS;
      this.#report(error, 'Cannot rotate the export file; it grows beyond its limit');
      return false;
    }
    this.#error = '';
    this.#armAge();
    this.#prune();
    return true;
  }

  /** Rotates at the age set, counted from the file's birth, so that a restart of the agent does not delay it. */
  #armAge(): void {
    const { rotationIntervalMs } = this.#options;
    clearTimeout(this.#ageTimer);
    if (rotationIntervalMs === 0) return;
    const dueMs = this.#file.bornMs + rotationIntervalMs - Date.now();
    this.#ageTimer = setTimeout(() => this.#rotateByAge(), Math.max(0, dueMs)).unref();
  }

  #rotateByAge(): void {
    if (this.#file.state().size > 0 && this.#rotate()) return;
    this.#ageTimer = setTimeout(() => this.#rotateByAge(), this.#options.rotationIntervalMs).unref();
  }

  #prune(): void {
    const { path, maxBackups } = this.#options;
    this.#pruning = this.#pruning
      .then(() => pruneBackups(path, maxBackups))
      .catch((error: unknown) => this.#report(error, 'Cannot remove old export files'));
  }

  /** Whether the file works again: the gap record of what was lost is in it. */
  #recover(): boolean {
    if (Date.now() < this.#retryAtMs) return false;
    const { pending } = this.#loss;
    const line = this.#loss.tell(this.#options.gapLine);
    if (this.#put(line) < line.length) {
      this.#loss.untell();
      return false;
    }
    clearTimeout(this.#retryTimer);
    this.#retryMs = FIRST_RETRY_MS;
    this.#error = '';
    this.#log.warn('recovered', 'The export file works again', { path: this.#options.path, lost: pending });
    return true;
  }

  /** The timer lets the gap record come even when no event does. It may come before the wall clock says so. */
  #backOff(): void {
    this.#retryAtMs = Date.now() + this.#retryMs;
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => {
      this.#retryAtMs = 0;
      if (this.#loss.pending > 0) this.#recover();
    }, this.#retryMs).unref();
    this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS);
  }

  #report(error: unknown, msg: string): void {
    const { message } = AgentError.from(error);
    this.#errors++;
    this.#error = message;
    this.#log.error(message, msg, { path: this.#options.path, err: error });
  }
}
