// SPDX-License-Identifier: Apache-2.0
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import type { ExecEvent, ExitEvent, GapEvent } from './events.ts';
import { parseEvent } from './events.ts';
import { eventually } from './wait.ts';

const CHUNK_BYTES = 1 << 20;
/** In the file it begins the line, in what gRPC clients print it does not; inside a string its quotes would be escaped. */
const GAP = '"merlon_gap":{';

/** Follows an export file. Each look takes what was appended since the last one. */
export class ExportLog {
  readonly execs: ExecEvent[] = [];
  readonly exits: ExitEvent[] = [];
  readonly gaps: GapEvent[] = [];
  readonly #fd: number;
  readonly #wanted: (line: string) => boolean;
  #tornAllowed: number;
  readonly #chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  readonly #decoder = new StringDecoder('utf8');
  #unfinished = '';
  #position = 0;

  /**
   * `wanted` chooses by its text whether a line is parsed and kept; it sees every line once. Gaps are always kept. An agent that
   * was killed may have left half a line, so `killed` lines need not be JSON.
   */
  constructor(path: string, wanted: (line: string) => boolean, killed = 0) {
    this.#tornAllowed = killed;
    this.#fd = openSync(path, 'r');
    this.#wanted = wanted;
  }

  look(): void {
    // Not further: on a busy machine the end moves on.
    const end = fstatSync(this.#fd).size;
    while (this.#position < end) {
      const bytes = readSync(this.#fd, this.#chunk, 0, CHUNK_BYTES, this.#position);
      this.#position += bytes;
      const lines = (this.#unfinished + this.#decoder.write(this.#chunk.subarray(0, bytes))).split('\n');
      this.#unfinished = lines.pop() ?? '';
      for (const line of lines) this.#take(line);
    }
  }

  get lost(): number {
    return this.gaps.reduce((sum, { lost }) => sum + lost, 0);
  }

  /** Drops the execs and exits that were kept; a long run would keep millions. */
  forget(): void {
    this.execs.length = 0;
    this.exits.length = 0;
  }

  /** Waits for as many execs as `count` that fit; gives all that fit then. */
  async waitForExecs(what: string, fits: (event: ExecEvent) => boolean, count = 1): Promise<ExecEvent[]> {
    return this.#wait(`exec: ${what}`, this.execs, fits, count);
  }

  async waitForExits(what: string, fits: (event: ExitEvent) => boolean, count = 1): Promise<ExitEvent[]> {
    return this.#wait(`exit: ${what}`, this.exits, fits, count);
  }

  close(): void {
    closeSync(this.#fd);
  }

  #wait<T>(what: string, events: T[], fits: (event: T) => boolean, count: number): Promise<T[]> {
    return eventually(what, () => {
      this.look();
      const found = events.filter(fits);
      return found.length >= count ? found : undefined;
    });
  }

  #take(line: string): void {
    if (!line.includes(GAP) && !this.#wanted(line)) return;
    if (!line.endsWith('}') && this.#tornAllowed > 0) {
      this.#tornAllowed--;
      return;
    }
    const event = parseEvent(line);
    if (event.kind === 'gap') this.gaps.push(event);
    else if (event.kind === 'exec') this.execs.push(event);
    else this.exits.push(event);
  }
}
