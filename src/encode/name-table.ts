// SPDX-License-Identifier: Apache-2.0

/**
 * The names of an enum's numbers, as members of a JSON object that are ready to be copied. A number without a name shows
 * as its digits, as in Tetragon.
 */
export class NameTable {
  readonly #key: string;
  readonly #members = new Map<number, Uint8Array>();

  /** `names` by number, without their common `prefix`; `key` opens each member. */
  constructor(
    key: string,
    prefix: string,
    names: readonly (string | undefined)[] | Readonly<Record<number, string>>,
  ) {
    this.#key = key;
    for (const [number, name] of Object.entries(names)) {
      if (name !== undefined) this.#members.set(Number(number), this.#member(`${prefix}${name}`));
    }
  }

  /** `"KEY":"NAME"` */
  member(number: number): Uint8Array {
    return this.#members.get(number) ?? this.#member(String(number));
  }

  #member(name: string): Uint8Array {
    return Buffer.from(`${JSON.stringify(this.#key)}:${JSON.stringify(name)}`);
  }
}
