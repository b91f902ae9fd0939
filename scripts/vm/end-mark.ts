// SPDX-License-Identifier: Apache-2.0
import { Transform, type TransformCallback } from 'node:stream';

/** The byte (ASCII record separator) that opens a mark; the mark itself holds it nowhere else. */
const MARK_START = 0x1e;

/**
 * Passes bytes on at once until the mark that guest.sh writes behind a stream's last byte: MARK_START, the mark, a
 * space, the exit status, a newline. `onEnd` gets the status; what follows is dropped, because the command has ended.
 */
export class EndMark extends Transform {
  readonly #mark: Buffer;
  readonly #onEnd: (status: number) => void;
  #held: Buffer = Buffer.alloc(0);
  #ended = false;

  constructor(mark: string, onEnd: (status: number) => void) {
    super();
    this.#mark = Buffer.concat([Buffer.from([MARK_START]), Buffer.from(`${mark} `)]);
    this.#onEnd = onEnd;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    if (!this.#ended) this.#take(this.#held.length > 0 ? Buffer.concat([this.#held, chunk]) : chunk);
    done();
  }

  override _flush(done: TransformCallback): void {
    if (!this.#ended && this.#held.length > 0) this.push(this.#held);
    done();
  }

  #take(data: Buffer): void {
    const start = this.#findMark(data);
    if (start > 0) this.push(data.subarray(0, start));
    this.#held = data.subarray(start);
    const newline = this.#held.indexOf('\n');
    if (this.#held.length < this.#mark.length || newline < 0) return;
    this.#ended = true;
    this.#onEnd(Number(this.#held.subarray(this.#mark.length, newline).toString()));
  }

  /** Where the mark, or what may become one with the next chunk, begins; the length of the data when nowhere. */
  #findMark(data: Buffer): number {
    const whole = data.indexOf(this.#mark);
    if (whole >= 0) return whole;
    const last = data.lastIndexOf(MARK_START);
    const tail = last < 0 ? undefined : data.subarray(last);
    return tail?.equals(this.#mark.subarray(0, tail.length)) === true ? last : data.length;
  }
}
