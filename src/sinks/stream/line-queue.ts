// SPDX-License-Identifier: Apache-2.0
import { lastLineEnd, firstLineEnd, viewOf } from '../lines.ts';

/** Copies of whole lines that wait for a reader, in order. The user of the queue keeps to a limit. */
export class LineQueue {
  readonly #chunks: Buffer[] = [];
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  push(lines: Uint8Array): void {
    if (lines.length === 0) return;
    this.#chunks.push(Buffer.from(viewOf(lines)));
    this.#bytes += lines.length;
  }

  /** The next whole lines: at most `limit` bytes, but at least one line. Empty when nothing waits. */
  take(limit: number): Buffer {
    const parts: Buffer[] = [];
    let room = limit;
    while (this.#chunks.length > 0) {
      const head = this.#chunks[0] as Buffer;
      const end = head.length <= room ? head.length : lastLineEnd(head, room);
      const size = end > 0 || parts.length > 0 ? end : firstLineEnd(head);
      if (size === 0) break;
      parts.push(head.subarray(0, size));
      room -= size;
      if (size === head.length) this.#chunks.shift();
      else this.#chunks[0] = head.subarray(size);
      if (room <= 0) break;
    }
    const lines = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
    this.#bytes -= lines.length;
    return lines;
  }
}
