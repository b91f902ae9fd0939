// SPDX-License-Identifier: Apache-2.0
import type { BootClock } from '../base/boot-clock.ts';
import type { ChunkWriter } from './chunk-writer.ts';

const NS_PER_SECOND = 1_000_000_000;
/** of an RFC 3339 time up to its seconds */
const SECOND_CHARACTERS = 19;

/**
 * Writes kernel times as BootClock.format() does, but for the final Z (the encoder has it in the bytes that follow), and
 * without a string for each: events of one second share its text.
 */
export class TimeWriter {
  readonly #clock: BootClock;
  /** boot time at which the second of `#text` began */
  #secondNs = 0n;
  #text: Buffer = Buffer.alloc(0);
  /** the clock's offset that both were made with */
  #offsetNs: bigint | undefined;

  constructor(clock: BootClock) {
    this.#clock = clock;
  }

  append(out: ChunkWriter, ktime: bigint): void {
    let fraction = Number(ktime - this.#secondNs);
    const isCached = fraction >= 0 && fraction < NS_PER_SECOND && this.#offsetNs === this.#clock.bootTimeNs;
    if (!isCached) fraction = this.#enterSecond(ktime);
    if (fraction === 0) {
      out.append(this.#text.subarray(0, -1));
      return;
    }
    out.append(this.#text);
    if (fraction % 1000 !== 0) out.appendPadded(fraction, 9);
    else if (fraction % 1_000_000 !== 0) out.appendPadded(fraction / 1000, 6);
    else out.appendPadded(fraction / 1_000_000, 3);
  }

  #enterSecond(ktime: bigint): number {
    this.#offsetNs = this.#clock.bootTimeNs;
    const fraction = (ktime + this.#offsetNs) % BigInt(NS_PER_SECOND);
    this.#secondNs = ktime - fraction;
    // All before the digits and the Z.
    this.#text = Buffer.from(`${this.#clock.format(ktime).slice(0, SECOND_CHARACTERS)}.`);
    return Number(fraction);
  }
}
