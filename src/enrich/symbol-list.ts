// SPDX-License-Identifier: Apache-2.0

const FIRST_CAPACITY = 1024;

/**
 * Symbols sorted by where they begin, in typed arrays: hundreds of thousands of objects would cost ten times the memory.
 * Starts are whole numbers below 2^53. Filled with add(), then sort(), then asked.
 */
export class SymbolList {
  #starts = new Float64Array(FIRST_CAPACITY);
  #sizes = new Uint32Array(FIRST_CAPACITY);
  #nameEnds = new Uint32Array(FIRST_CAPACITY);
  #groups = new Uint16Array(FIRST_CAPACITY);
  #names: Buffer;
  #order = new Uint32Array(0);
  #count = 0;

  /** `nameBytes`: the names together are not longer. */
  constructor(nameBytes: number) {
    this.#names = Buffer.allocUnsafe(nameBytes);
  }

  get count(): number {
    return this.#count;
  }

  /** What the list holds in memory. */
  get bytes(): number {
    return this.#names.length + this.#starts.length * 22;
  }

  /** The name is source[from, to). `size` 0: up to the next symbol. */
  add(start: number, source: Buffer, from: number, to: number, group: number, size = 0): void {
    if (this.#count === this.#starts.length) this.#resize(this.#count * 2);
    const nameStart = this.#nameEnds[this.#count - 1] ?? 0;
    source.copy(this.#names, nameStart, from, to);
    this.#starts[this.#count] = start;
    this.#sizes[this.#count] = size;
    this.#groups[this.#count] = group;
    this.#nameEnds[this.#count] = nameStart + to - from;
    this.#count++;
  }

  /** Sorts, symbols at one place in the order of their coming, and gives back what was reserved and not used. */
  sort(): void {
    this.#resize(this.#count);
    this.#names = Buffer.from(this.#names.subarray(0, this.#nameEnds[this.#count - 1] ?? 0));
    const starts = this.#starts;
    this.#order = Uint32Array.from({ length: this.#count }, (_, index) => index).sort(
      (a, b) => (starts[a] ?? 0) - (starts[b] ?? 0) || a - b,
    );
  }

  /** The last symbol that begins at or before `place`, of several there the one that came first; -1 without. */
  indexAt(place: number): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.startOf(middle) <= place) low = middle + 1;
      else high = middle;
    }
    let found = low - 1;
    while (found > 0 && this.startOf(found - 1) === this.startOf(found)) found--;
    return found;
  }

  startOf(index: number): number {
    return this.#starts[this.#order[index] ?? 0] ?? 0;
  }

  sizeOf(index: number): number {
    return this.#sizes[this.#order[index] ?? 0] ?? 0;
  }

  groupOf(index: number): number {
    return this.#groups[this.#order[index] ?? 0] ?? 0;
  }

  nameOf(index: number): string {
    const symbol = this.#order[index] ?? 0;
    return this.#names.toString('utf8', this.#nameEnds[symbol - 1] ?? 0, this.#nameEnds[symbol] ?? 0);
  }

  #resize(capacity: number): void {
    const grow = <List extends Float64Array | Uint32Array | Uint16Array>(to: List, from: List): List => {
      to.set(from.subarray(0, this.#count));
      return to;
    };
    this.#starts = grow(new Float64Array(capacity), this.#starts);
    this.#sizes = grow(new Uint32Array(capacity), this.#sizes);
    this.#nameEnds = grow(new Uint32Array(capacity), this.#nameEnds);
    this.#groups = grow(new Uint16Array(capacity), this.#groups);
  }
}
