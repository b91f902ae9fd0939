// SPDX-License-Identifier: Apache-2.0
import { ProblemCode } from './problem.ts';
import { quote } from './quote.ts';
import type { YamlEntry, YamlMapping, YamlNode } from './yaml-node.ts';

type ReportAt = (offset: number, message: string, remedy?: string, code?: ProblemCode) => void;

/**
 * Collects the entries of a mapping. A key that stands twice is refused, also when one of the two was merged: Kubernetes'
 * strict reading has no overriding either.
 */
export class MappingBuilder {
  readonly #offset: number;
  readonly #report: ReportAt;
  readonly #entries = new Map<string, YamlEntry>();
  #weight = 1;

  constructor(offset: number, report: ReportAt) {
    this.#offset = offset;
    this.#report = report;
  }

  add(key: YamlNode, value: YamlNode): void {
    const name = keyText(key);
    if (name === undefined)
      this.#report(key.offset, 'Cannot use this as the name of a field: expected a text');
    else this.#set({ key: name, keyOffset: key.offset, value }, key.offset);
  }

  /** `<<: *anchor` or `<<: [*one, *two]` */
  merge(offset: number, value: YamlNode): void {
    for (const mapping of value.kind === 'sequence' ? value.items : [value]) {
      if (mapping.kind === 'mapping') for (const entry of mapping.entries.values()) this.#set(entry, offset);
      else this.#report(offset, 'Cannot merge this with "<<": expected a mapping or a sequence of mappings');
    }
  }

  node(): YamlMapping {
    return { kind: 'mapping', offset: this.#offset, weight: this.#weight, entries: this.#entries };
  }

  #set(entry: YamlEntry, offset: number): void {
    if (this.#entries.has(entry.key)) {
      this.#report(
        offset,
        `Cannot set ${quote(entry.key)} twice in one mapping`,
        'Delete one of them.',
        ProblemCode.Duplicate,
      );
      return;
    }
    this.#entries.set(entry.key, entry);
    this.#weight += 1 + entry.value.weight;
  }
}

/** Names that YAML reads as something else are written as Kubernetes writes them: `yes` is "true". */
function keyText(node: YamlNode): string | undefined {
  if (node.kind !== 'scalar' || node.value === null) return undefined;
  return String(node.value);
}
