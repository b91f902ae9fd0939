// SPDX-License-Identifier: Apache-2.0

/** A set of rules: bit n of the words, from word 0, is rule n. */
export class RuleMask {
  readonly words: BigUint64Array;

  constructor(words: number | BigUint64Array) {
    this.words = typeof words === 'number' ? new BigUint64Array(words) : words.slice();
  }

  clone(): RuleMask {
    return new RuleMask(this.words);
  }

  get isEmpty(): boolean {
    return this.words.every((word) => word === 0n);
  }

  has(rule: number): boolean {
    return ((this.words[rule >> 6] ?? 0n) & bit(rule)) !== 0n;
  }

  add(rule: number): void {
    this.words[rule >> 6] = (this.words[rule >> 6] ?? 0n) | bit(rule);
  }

  remove(rule: number): void {
    this.words[rule >> 6] = (this.words[rule >> 6] ?? 0n) & ~bit(rule);
  }

  /** The words in memory order, as the kernel side reads them. */
  get bytes(): Uint8Array {
    return new Uint8Array(this.words.buffer, this.words.byteOffset, this.words.byteLength);
  }
}

function bit(rule: number): bigint {
  return 1n << BigInt(rule & 63);
}
