// SPDX-License-Identifier: Apache-2.0
import type { CrdSchema } from './crd.ts';

type JsonSchema = Record<string, unknown>;

/** Facts of a schema that mean the same in JSON schema, or that the validator is taught. */
const COPIED = [
  ...([
    'type',
    'required',
    'enum',
    'default',
    'format',
    'minimum',
    'maxItems',
    'maxLength',
    'pattern',
  ] as const),
  'x-kubernetes-validations' as const,
];

/** Tetragon reads every other integer into an unsigned one, so that a negative one is refused although the CRD allows it. */
const SIGNED = new Set(['argError', 'deletionGracePeriodSeconds']);

/**
 * A CRD's schema as JSON schema. Unknown fields are refused: a CRD cannot say that, Kubernetes and Tetragon do it beside
 * the schema. Parts that are alike, as those of the hook kinds are, become one definition, which makes compiling it six
 * times as fast.
 */
export function toJsonSchema(root: CrdSchema): JsonSchema {
  const definitions: Record<string, JsonSchema> = {};
  const names = new Map<string, string>();

  function convert(schema: CrdSchema, name = ''): JsonSchema {
    const { properties, additionalProperties, items } = schema;
    const converted: JsonSchema = {};
    for (const fact of COPIED) if (schema[fact] !== undefined) converted[fact] = schema[fact];
    if (properties !== undefined) {
      converted.properties = Object.fromEntries(
        Object.entries(properties).map(([name, property]) => [name, convert(property, name)]),
      );
      converted.additionalProperties = false;
    }
    if (additionalProperties !== undefined) converted.additionalProperties = convert(additionalProperties);
    if (items !== undefined) converted.items = convert(items, name);
    if (schema.type === 'integer' && !SIGNED.has(name)) converted.minimum ??= 0;
    // A default is looked for where the property is, not behind a reference.
    return schema.default === undefined && (properties ?? items) !== undefined
      ? define(converted)
      : converted;
  }

  function define(schema: JsonSchema): JsonSchema {
    const text = JSON.stringify(schema);
    const name = names.get(text) ?? `d${names.size}`;
    names.set(text, name);
    definitions[name] = schema;
    return { $ref: `#/$defs/${name}` };
  }

  const converted = convert(root);
  return { ...converted, $defs: definitions };
}
