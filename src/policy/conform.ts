// SPDX-License-Identifier: Apache-2.0
import type { CrdSchema } from './crd.ts';
import type { Place } from './place.ts';
import { ProblemCode } from './problem.ts';
import type { OnProblem } from './problem.ts';
import { quote } from './quote.ts';
import type { SourceText } from './source-text.ts';
import type { YamlMapping, YamlNode, YamlScalar } from './yaml-node.ts';

/** 64-bit integers are all that JSON carries through Kubernetes. */
const SMALLEST = -(2n ** 63n);
const LARGEST = 2n ** 63n - 1n;

/**
 * Turns a tree into plain data for the schema check, with a place for each part. On the way it does what Kubernetes and
 * Tetragon do before they look at a schema:
 *
 * - The name of an optional field may be written in any letter case, as Tetragon accepts it (`isNamespacePid`).
 * - A field without a value (`null`) that has a default counts as absent.
 * - Below `metadata` numbers and booleans are texts where a text is expected.
 */
export function conform(root: YamlNode, schema: CrdSchema, source: SourceText, onProblem: OnProblem): Place {
  const problem = (offset: number, code: ProblemCode, message: string, remedy?: string): void =>
    onProblem({ code, at: source.at(offset), message, ...(remedy !== undefined && { remedy }) });

  function convert(node: YamlNode, schema: CrdSchema | undefined): Place {
    switch (node.kind) {
      case 'scalar':
        return { node, data: scalar(node, schema) };
      case 'sequence': {
        const items = node.items.map((item) => convert(item, schema?.items));
        return { node, data: items.map(({ data }) => data), items };
      }
      case 'mapping':
        return mapping(node, schema);
    }
  }

  function mapping(node: YamlMapping, schema: CrdSchema | undefined): Place {
    const fields = new Map<string, Place>();
    const data = Object.create(null) as Record<string, unknown>;
    for (const { key, keyOffset, value } of node.entries.values()) {
      const name = fieldName(key, schema);
      const property = schema?.properties?.[name] ?? schema?.additionalProperties;
      if (property?.default !== undefined && value.kind === 'scalar' && value.value === null) continue;
      if (property?.nullable === true && value.kind === 'scalar' && value.value === null) continue;
      if (fields.has(name)) {
        problem(
          keyOffset,
          ProblemCode.Duplicate,
          `Cannot set ${quote(name)} twice, in two letter cases`,
          'Delete one of them.',
        );
        continue;
      }
      const place = { ...convert(value, property), keyOffset };
      fields.set(name, place);
      data[name] = place.data;
    }
    return { node, data, fields };
  }

  function scalar(node: YamlScalar, schema: CrdSchema | undefined): unknown {
    const { value } = node;
    if (schema?.coerced === true && (typeof value === 'boolean' || typeof value === 'number'))
      return node.text;
    if (typeof value !== 'bigint') return value;
    if (schema?.coerced === true) return String(value);
    if (value >= SMALLEST && value <= LARGEST) return Number(value);
    problem(node.offset, ProblemCode.Value, `Cannot use ${node.text}: expected an integer of 64 bits`);
    return 0;
  }

  return convert(root, schema);
}

/** The schema's name for a field. Required ones must be written as they are. */
function fieldName(key: string, schema: CrdSchema | undefined): string {
  const properties = schema?.properties;
  if (properties === undefined || Object.hasOwn(properties, key)) return key;
  const lower = key.toLowerCase();
  const name = Object.keys(properties).find((candidate) => candidate.toLowerCase() === lower);
  return name === undefined || schema?.required?.includes(name) === true ? key : name;
}
