// SPDX-License-Identifier: Apache-2.0
import type { BootClock } from '../base/boot-clock.ts';
import type { ChunkWriter } from './chunk-writer.ts';

const NS_PER_SECOND = 1_000_000_000;

/**
 * Writes kernel times as BootClock.format() does, but for the final Z (the encoder has it in the bytes that follow), and
 * without a string for each: events of one second share its text.
 */
export class TimeWriter {
  readonly #clock: BootClock;
  /** boot time at which the second of `#text` began */
  #secondNs = 0n;
  #text: Uint8Array = Buffer.alloc(0);
  /** the clock's offset that both were made with */
  #offsetNs: bigint | undefined;

  constructor(clock: BootClock) {
    this.#clock = clock;
  }

  append(out: ChunkWriter, ktime: bigint): void {
    let fraction = Number(ktime - this.#secondNs);
    const isCached = fraction >= 0 && fraction < NS_PER_SECOND && this.#offsetNs === this.#clock.bootTimeNs;
    if (!isCached) fraction = this.#enterSecond(ktime);
    out.append(this.#text);
    out.appendPadded(fraction, 9);
  }

  #enterSecond(ktime: bigint): number {
    this.#offsetNs = this.#clock.bootTimeNs;
    const fraction = (ktime + this.#offsetNs) % BigInt(NS_PER_SECOND);
    this.#secondNs = ktime - fraction;
    // All before the nine digits and the Z.
    this.#text = Buffer.from(this.#clock.format(ktime).slice(0, -10));
    return Number(fraction);
  }
}
