// SPDX-License-Identifier: Apache-2.0
import type { AliasEvent, Event, MappingEvent, ScalarEvent, SequenceEvent } from 'js-yaml';
import { EVENT_ID, SCALAR_STYLE, YAMLException, getScalarValue, parseEvents } from 'js-yaml';
import type { OnProblem } from './problem.ts';
import { ProblemCode } from './problem.ts';
import { quote } from './quote.ts';
import type { SourceText } from './source-text.ts';
import { MappingBuilder } from './yaml-mapping.ts';
import type { YamlNode } from './yaml-node.ts';
import { resolvePlain } from './yaml-scalar.ts';
import { resolveTagged, tagName } from './yaml-tag.ts';

/** Nodes that a file may have beyond those that are written in it: what aliases multiply. */
const ALIASED_NODES = 1_000_000;

export interface YamlDocument {
  readonly root: YamlNode;
  /** false when a key stands twice; the tree has the first one */
  readonly sound: boolean;
}

/**
 * Parses a file into one tree per document that is not empty; with anchors, aliases and merge keys (`<<`). A file that is
 * no YAML has no trees. Documents that break a rule which YAML leaves to its readers are left out: unknown tags, an alias
 * within its own anchor, aliases that multiply the document beyond all measure.
 */
export function parseYaml(source: SourceText, onProblem: OnProblem): YamlDocument[] {
  const report = (offset: number, message: string, remedy?: string, code?: ProblemCode): void =>
    onProblem({
      code: code ?? ProblemCode.Yaml,
      at: source.at(offset),
      message,
      ...(remedy !== undefined && { remedy }),
    });
  try {
    return new TreeBuilder(source.text, report).documents(
      parseEvents(source.text, { filename: source.file }),
    );
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    report(
      error.mark?.position ?? 0,
      `Cannot read the YAML: ${error.reason}`,
      'Compare indentation, colons and quotes with the lines around.',
    );
    return [];
  }
}

/** Reports at an offset; the code is ProblemCode.Yaml when none is given. */
export type ReportAt = (offset: number, message: string, remedy?: string, code?: ProblemCode) => void;

class TreeBuilder {
  readonly #text: string;
  readonly #report: ReportAt;
  /** null while the anchored collection is still open */
  #anchors = new Map<string, YamlNode | null>();
  #events: Event[] = [];
  #next = 0;
  #aliased = 0;
  /** whether the present document is to be left out, or has a key twice */
  #found = { broken: false, twice: false };
  /** where the last node began: an empty one has no place of its own */
  #last = 0;

  constructor(text: string, report: ReportAt) {
    this.#text = text;
    this.#report = (offset, message, remedy, code) => {
      if (code === ProblemCode.Duplicate) this.#found.twice = true;
      else this.#found.broken = true;
      report(offset, message, remedy, code);
    };
  }

  documents(events: Event[]): YamlDocument[] {
    this.#events = events;
    const documents: YamlDocument[] = [];
    while (this.#next < events.length) {
      this.#next++;
      this.#anchors = new Map();
      this.#found = { broken: false, twice: false };
      if (this.#peek().type !== EVENT_ID.POP) {
        const root = this.#node();
        const empty = root.kind === 'scalar' && root.value === null;
        if (!this.#found.broken && !empty) documents.push({ root, sound: !this.#found.twice });
      }
      this.#next++;
    }
    return documents;
  }

  #node(): YamlNode {
    const event = this.#peek();
    this.#next++;
    switch (event.type) {
      case EVENT_ID.SCALAR:
        return this.#anchor(event, this.#scalar(event));
      case EVENT_ID.ALIAS:
        return this.#alias(event);
      case EVENT_ID.SEQUENCE:
        this.#open(event);
        return this.#anchor(event, this.#sequence(event));
      case EVENT_ID.MAPPING:
        this.#open(event);
        return this.#anchor(event, this.#mapping(event));
      default:
        throw new Error('The YAML parser closed more than it opened');
    }
  }

  #scalar(event: ScalarEvent): YamlNode {
    const plain = event.style === SCALAR_STYLE.PLAIN;
    const text = event.valueStart < 0 ? '' : getScalarValue(this.#text, event);
    const offset = event.valueStart < 0 ? this.#last : plain ? event.valueStart : event.valueStart - 1;
    this.#last = offset;
    if (!text.isWellFormed())
      this.#report(offset, 'Cannot use half of a surrogate pair in a text', 'Write the character itself.');
    const verbatim = this.#text.startsWith(text, event.valueStart);
    const tag = tagName(this.#text, event);
    return {
      kind: 'scalar',
      offset,
      weight: 1,
      text,
      textOffset: verbatim && event.valueStart >= 0 ? event.valueStart : undefined,
      value:
        tag === undefined
          ? plain
            ? resolvePlain(text)
            : text
          : resolveTagged(tag, text, (message) => this.#report(event.tagStart, message, 'Delete the tag.')),
    };
  }

  #sequence(event: SequenceEvent): YamlNode {
    this.#checkTag(event, 'seq');
    const items: YamlNode[] = [];
    while (this.#peek().type !== EVENT_ID.POP) items.push(this.#node());
    this.#next++;
    const weight = items.reduce((sum, item) => sum + item.weight, 1);
    return { kind: 'sequence', offset: event.start, weight, items };
  }

  #mapping(event: MappingEvent): YamlNode {
    this.#checkTag(event, 'map');
    const builder = new MappingBuilder(event.start, this.#report);
    while (this.#peek().type !== EVENT_ID.POP) {
      const key = this.#peek();
      const merges =
        key.type === EVENT_ID.SCALAR &&
        key.style === SCALAR_STYLE.PLAIN &&
        key.valueStart >= 0 &&
        getScalarValue(this.#text, key) === '<<';
      const keyNode = this.#node();
      const value = this.#node();
      if (merges) builder.merge(keyNode.offset, value);
      else builder.add(keyNode, value);
    }
    this.#next++;
    return builder.node();
  }

  #alias({ anchorStart, anchorEnd }: AliasEvent): YamlNode {
    const name = this.#text.slice(anchorStart, anchorEnd);
    const node = this.#anchors.get(name);
    const offset = anchorStart - 1;
    if (node === undefined)
      this.#report(
        offset,
        `Cannot use the alias ${quote(name)}: no anchor before it`,
        `Put &${name} before what it stands for.`,
      );
    else if (node === null)
      this.#report(
        offset,
        `Cannot use the alias ${quote(name)} within its own anchor`,
        'Write the part out.',
      );
    const nothing = {
      kind: 'scalar',
      offset,
      weight: 1,
      text: '',
      textOffset: undefined,
      value: null,
    } as const;
    if (node === undefined || node === null) return nothing;
    this.#aliased += node.weight;
    if (this.#aliased <= ALIASED_NODES) return node;
    if (!this.#found.broken)
      this.#report(
        offset,
        `Cannot use so many aliases: they stand for more than ${ALIASED_NODES} nodes`,
        'Write the parts out.',
      );
    return nothing;
  }

  #open(event: SequenceEvent | MappingEvent): void {
    this.#last = event.start;
    if (event.anchorStart >= 0) this.#anchors.set(this.#text.slice(event.anchorStart, event.anchorEnd), null);
  }

  #anchor(event: ScalarEvent | SequenceEvent | MappingEvent, node: YamlNode): YamlNode {
    if (event.anchorStart >= 0) this.#anchors.set(this.#text.slice(event.anchorStart, event.anchorEnd), node);
    return node;
  }

  #checkTag(event: SequenceEvent | MappingEvent, expected: 'seq' | 'map'): void {
    const tag = tagName(this.#text, event);
    if (tag !== undefined && tag !== expected)
      this.#report(
        event.tagStart,
        `Cannot use the tag ${quote(tag)} here: policies have no tags of their own`,
        'Delete it.',
      );
  }

  #peek(): Event {
    const event = this.#events[this.#next];
    if (event === undefined) throw new Error('The YAML parser closed fewer collections than it opened');
    return event;
  }
}
