// SPDX-License-Identifier: Apache-2.0
import type { SourcePosition } from '../base/source-position.ts';
import type { Place } from './place.ts';
import type { SourceText } from './source-text.ts';
import type { YamlScalar } from './yaml-node.ts';

type Data = Record<string, unknown>;

/**
 * Reads a checked document part by part, with the position of each. Types are those of the schema; who meets a part that
 * the schema check has refused (`sound` is false) leaves it out.
 */
export class Cursor {
  readonly data: unknown;
  readonly #place: Place | undefined;
  readonly #source: SourceText;
  /** of the part that a default was added to */
  readonly #fallback: number;

  constructor(source: SourceText, place: Place | undefined, data: unknown, fallback = 0) {
    this.#source = source;
    this.#place = place;
    this.#fallback = fallback;
    this.data = data;
  }

  static of(source: SourceText, root: Place): Cursor {
    return new Cursor(source, root, root.data);
  }

  get #offset(): number {
    return this.#place?.node.offset ?? this.#fallback;
  }

  /** Where the value stands. */
  get at(): SourcePosition {
    return this.#source.at(this.#offset);
  }

  /** Where the name of the field stands, or what a mapping begins with. */
  get nameAt(): SourcePosition {
    return this.#source.at(this.#place?.keyOffset ?? this.#firstKey);
  }

  /** What a mapping begins with. */
  get startAt(): SourcePosition {
    return this.#source.at(this.#firstKey);
  }

  get #firstKey(): number {
    const node = this.#place?.node;
    const [first] = node?.kind === 'mapping' ? node.entries.values() : [];
    return first?.keyOffset ?? this.#offset;
  }

  /** Whether neither this part nor a part of it has a problem. */
  get sound(): boolean {
    return this.#place?.flaw === undefined;
  }

  /** Whether this part itself has a problem: a field is unknown or missing, or a rule does not hold. */
  get flawed(): boolean {
    return this.#place?.flaw === 'here';
  }

  /** Whether a field has no problem, also by being absent. */
  isSoundAt(name: string): boolean {
    return this.#place?.fields?.get(name)?.flaw === undefined;
  }

  /** Whether the file has the part, and not only the schema's default for it. */
  get written(): boolean {
    return this.#place !== undefined;
  }

  /** A field, written or by default; undefined without, and when the schema check has refused it. */
  field(name: string): Cursor | undefined {
    const value = (this.data as Data)[name];
    const place = this.#place?.fields?.get(name);
    if (value === undefined || place?.flaw === 'here') return undefined;
    return new Cursor(this.#source, place, value, this.#offset);
  }

  /** The names of fields that the file has. */
  get names(): string[] {
    return [...(this.#place?.fields?.keys() ?? [])];
  }

  get items(): Cursor[] {
    if (!Array.isArray(this.data)) return [];
    return this.data.map(
      (item, index) => new Cursor(this.#source, this.#place?.items?.[index], item, this.#offset),
    );
  }

  /** The items of a field that is a sequence; none when it is absent. */
  list(name: string): Cursor[] {
    return this.field(name)?.items ?? [];
  }

  /** A text, '' for what is none. */
  get text(): string {
    return typeof this.data === 'string' ? this.data : '';
  }

  /** The text of a field; '' when it is absent. */
  textOf(name: string): string {
    return this.field(name)?.text ?? '';
  }

  /** The text of a field, undefined when it is absent or empty. */
  optionalText(name: string): string | undefined {
    const text = this.textOf(name);
    return text === '' ? undefined : text;
  }

  /** The texts of a field that is a sequence. */
  textsOf(name: string): string[] {
    return this.list(name).map(({ text }) => text);
  }

  /** A switch; false when it is absent. */
  isOn(name: string): boolean {
    return this.field(name)?.data === true;
  }

  /** An integer without loss. */
  get integer(): bigint {
    const node = this.#place?.node;
    if (node?.kind === 'scalar' && typeof node.value === 'bigint') return node.value;
    return typeof this.data === 'number' ? BigInt(Math.trunc(this.data)) : 0n;
  }

  /** An integer of 32 bits. */
  get number(): number {
    return typeof this.data === 'number' ? this.data : 0;
  }

  /** The position of a character of the text, where the file has it letter by letter; otherwise of the value. */
  atCharacter(index: number): SourcePosition {
    const node = this.#place?.node;
    const start = node?.kind === 'scalar' ? (node satisfies YamlScalar).textOffset : undefined;
    return start === undefined ? this.at : this.#source.at(start + index);
  }
}
