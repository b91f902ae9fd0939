// SPDX-License-Identifier: Apache-2.0
import type { Event, ScalarEvent } from 'js-yaml';
import { EVENT_ID, SCALAR_STYLE, YAMLException, getScalarValue, parseEvents } from 'js-yaml';
import type { SourcePosition } from './source-position.ts';
import { sourcePosition } from './source-position.ts';

export interface FileEntry {
  readonly name: string;
  readonly at: SourcePosition;
  /** the scalar's text, or a sequence's items joined by commas */
  readonly value: string;
  readonly valueAt: SourcePosition;
}

export interface FileProblem {
  readonly at: SourcePosition;
  readonly message: string;
}

/**
 * Reads a settings file: one YAML mapping of names to scalars or sequences of scalars. Values stay text. Everything that
 * is not of this form goes to `onProblem` with its position; the entries that are come back.
 */
export function parseSettingsFile(
  file: string,
  source: string,
  onProblem: (problem: FileProblem) => void,
): FileEntry[] {
  const reader = new Reader(file, source, onProblem);
  try {
    return reader.read(parseEvents(source, { filename: file }));
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    onProblem({ at: reader.at(error.mark?.position ?? 0), message: `Cannot read the YAML: ${error.reason}` });
    return [];
  }
}

class Reader {
  readonly #file: string;
  readonly #source: string;
  readonly #onProblem: (problem: FileProblem) => void;
  #events: Event[] = [];
  #next = 0;

  constructor(file: string, source: string, onProblem: (problem: FileProblem) => void) {
    this.#file = file;
    this.#source = source;
    this.#onProblem = onProblem;
  }

  at(offset: number): SourcePosition {
    return sourcePosition(this.#file, this.#source, offset);
  }

  read(events: Event[]): FileEntry[] {
    this.#events = events;
    const documents = events.filter((event) => event.type === EVENT_ID.DOCUMENT).length;
    if (documents === 0) return [];
    if (documents > 1) {
      this.#problem(0, `Cannot use a file of ${documents} YAML documents: expected one`);
      return [];
    }
    const root = events[1];
    if (root?.type === EVENT_ID.SCALAR && root.valueStart < 0) return [];
    if (root?.type !== EVENT_ID.MAPPING) {
      this.#problem(offsetOf(root), 'Cannot use this as settings: expected a mapping of names to values');
      return [];
    }
    this.#next = 2;
    return this.#entries();
  }

  #entries(): FileEntry[] {
    const entries = new Map<string, FileEntry>();
    while (this.#peek().type !== EVENT_ID.POP) {
      const key = this.#peek();
      const keyOffset = offsetOf(key);
      if (key.type !== EVENT_ID.SCALAR) {
        this.#problem(keyOffset, 'Cannot use a collection or an alias as the name of a setting');
        this.#skip();
        this.#skip();
        continue;
      }
      this.#next++;
      const name = this.#text(key);
      const value = this.#value(name, keyOffset);
      const earlier = entries.get(name);
      if (earlier !== undefined) {
        this.#problem(keyOffset, `Cannot set "${name}" twice: it is also on line ${earlier.at.line}`);
      } else if (value !== undefined) {
        entries.set(name, {
          name,
          at: this.at(keyOffset),
          value: value.text,
          valueAt: this.at(value.offset),
        });
      }
    }
    return [...entries.values()];
  }

  #value(name: string, keyOffset: number): { text: string; offset: number } | undefined {
    const event = this.#peek();
    const offset = offsetOf(event);
    if (event.type === EVENT_ID.SCALAR) {
      this.#next++;
      if (event.valueStart >= 0 || event.style !== SCALAR_STYLE.PLAIN)
        return { text: this.#text(event), offset };
      this.#problem(keyOffset, `Cannot set "${name}": it has no value`);
      return undefined;
    }
    if (event.type !== EVENT_ID.SEQUENCE) {
      this.#problem(
        offset < 0 ? keyOffset : offset,
        `Cannot set "${name}" to a mapping or an alias: expected a value`,
      );
      this.#skip();
      return undefined;
    }
    this.#next++;
    const items: string[] = [];
    let item = this.#peek();
    for (; item.type !== EVENT_ID.POP; item = this.#peek()) {
      if (item.type === EVENT_ID.SCALAR) items.push(this.#text(item));
      else this.#problem(offsetOf(item), `Cannot use a collection or an alias as an item of "${name}"`);
      this.#skip();
    }
    this.#next++;
    return { text: items.join(','), offset };
  }

  #text(scalar: ScalarEvent): string {
    return scalar.valueStart < 0 ? '' : getScalarValue(this.#source, scalar);
  }

  #peek(): Event {
    const event = this.#events[this.#next];
    if (event === undefined) throw new Error('The YAML parser closed fewer collections than it opened');
    return event;
  }

  /** Passes over one node with all that it holds. */
  #skip(): void {
    let depth = 0;
    do {
      const { type } = this.#peek();
      if (type === EVENT_ID.POP) depth--;
      else if (type === EVENT_ID.MAPPING || type === EVENT_ID.SEQUENCE) depth++;
      this.#next++;
    } while (depth > 0);
  }

  #problem(offset: number, message: string): void {
    this.#onProblem({ at: this.at(Math.max(offset, 0)), message });
  }
}

function offsetOf(event: Event | undefined): number {
  switch (event?.type) {
    case EVENT_ID.SCALAR:
      return event.style === SCALAR_STYLE.PLAIN ? event.valueStart : event.valueStart - 1;
    case EVENT_ID.ALIAS:
      return event.anchorStart - 1;
    case EVENT_ID.MAPPING:
    case EVENT_ID.SEQUENCE:
      return event.start;
    default:
      return 0;
  }
}
