// SPDX-License-Identifier: Apache-2.0
const NS_PER_SECOND = 1_000_000_000n;
/** A difference beyond this is a step of the wall clock, not the noise of reading two clocks one after the other. */
const STEP_NS = 1_000_000n;

export interface ClockSource {
  boottimeNs(): bigint;
  realtimeNs(): bigint;
}

/**
 * Turns kernel time (nanoseconds since boot) into wall-clock time. The offset is measured once and again by check(), so
 * that events after a step of the wall clock carry the new time.
 */
export class BootClock {
  readonly #source: ClockSource;
  #offsetNs: bigint;
  #cachedSecond = -1n;
  #cachedText = '';

  constructor(source: ClockSource) {
    this.#source = source;
    this.#offsetNs = this.#measure();
  }

  /** When the machine started, nanoseconds since 1970. */
  get bootTimeNs(): bigint {
    return this.#offsetNs;
  }

  nowNs(): bigint {
    return this.#source.boottimeNs();
  }

  /** Measures again. Returns the step in nanoseconds, 0n when there was none. */
  check(): bigint {
    const offset = this.#measure();
    const step = offset - this.#offsetNs;
    if (step < STEP_NS && step > -STEP_NS) return 0n;
    this.#offsetNs = offset;
    return step;
  }

  /** RFC 3339 with 0, 3, 6 or 9 digits of a second: protobuf's JSON form of a Timestamp, as gRPC clients print it. */
  format(ktime: bigint): string {
    const ns = ktime + this.#offsetNs;
    const second = ns / NS_PER_SECOND;
    if (second !== this.#cachedSecond) {
      this.#cachedSecond = second;
      this.#cachedText = new Date(Number(second) * 1000).toISOString().slice(0, 19);
    }
    return `${this.#cachedText}${fractionOf(String(ns - second * NS_PER_SECOND).padStart(9, '0'))}Z`;
  }

  /** The realtime reading between two boottime readings; the closest of three tries. */
  #measure(): bigint {
    let best: { width: bigint; offset: bigint } | undefined;
    for (let i = 0; i < 3; i++) {
      const before = this.#source.boottimeNs();
      const real = this.#source.realtimeNs();
      const after = this.#source.boottimeNs();
      const width = after - before;
      if (best === undefined || width < best.width) best = { width, offset: real - (before + width / 2n) };
    }
    return best?.offset ?? 0n;
  }
}

/** Nine digits, without the groups of three zeros at their end. */
function fractionOf(digits: string): string {
  if (!digits.endsWith('000')) return `.${digits}`;
  const short = digits.replace(/(000)+$/, '');
  return short === '' ? '' : `.${short}`;
}
