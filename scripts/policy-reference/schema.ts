// SPDX-License-Identifier: Apache-2.0
/**
 * The CRD's schema as parts: hook kinds share the schemas of arguments, selectors and actions, which the CRD spells out each
 * time, so a field has one key here, `argument.type`, wherever it stands, and a value of an enum `argument.type=int`.
 */
import { type CrdSchema, type Rule, crdSchema } from '../../src/policy/crd.ts';

/** The part that a field's objects are, by the name of the field; a field of another name belongs to the part around it. */
const PART_OF: Readonly<Record<string, string>> = {
  spec: 'spec',
  ...{ kprobes: 'function', fentries: 'function', tracepoints: 'tracepoint', lsmhooks: 'lsm' },
  ...{ uprobes: 'uprobe', usdts: 'usdt', lists: 'list', enforcers: 'enforcer', options: 'option' },
  ...{ args: 'argument', data: 'argument', returnArg: 'argument' },
  ...{ selectors: 'selector', selectorsMacros: 'selector', matchPIDs: 'pids' },
  ...{ matchArgs: 'values', matchData: 'values', matchReturnArgs: 'values' },
  ...{ matchBinaries: 'binaries', matchParentBinaries: 'binaries' },
  ...{ matchNamespaces: 'namespaces', matchNamespaceChanges: 'namespaceChanges' },
  ...{ matchCapabilities: 'capabilities', matchCapabilityChanges: 'capabilities' },
  matchWorkloads: 'workloads',
  ...{ matchActions: 'action', matchReturnActions: 'action' },
  ...{ podSelector: 'labels', containerSelector: 'labels', hostSelector: 'labels', nodeSelector: 'labels' },
  matchExpressions: 'expression',
};

export interface Field {
  readonly key: string;
  /** of the field in its part: `ignore.callNotFound` */
  readonly name: string;
  readonly schema: CrdSchema;
  readonly required: boolean;
}

export interface Part {
  readonly fields: Map<string, Field>;
  readonly rules: Map<string, Rule>;
}

export type Parts = ReadonlyMap<string, Part>;

/** The parts of spec, in the order in which the schema has them. */
export function readParts(): Parts {
  const parts = new Map<string, Part>();
  const spec = crdSchema('TracingPolicy').properties?.spec;
  if (spec === undefined) throw new Error('The schema has no spec');
  collect(spec, 'spec', '', parts);
  return parts;
}

function collect(schema: CrdSchema, partName: string, prefix: string, parts: Map<string, Part>): void {
  const part = parts.get(partName) ?? { fields: new Map<string, Field>(), rules: new Map<string, Rule>() };
  parts.set(partName, part);
  for (const rule of schema['x-kubernetes-validations'] ?? []) part.rules.set(rule.message, rule);
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const full = `${prefix}${name}`;
    const required = schema.required?.includes(name) ?? false;
    addField(part, { key: `${partName}.${full}`, name: full, schema: property, required });
    const inner = objectOf(property);
    if (inner !== undefined)
      collect(inner, PART_OF[name] ?? partName, PART_OF[name] === undefined ? `${full}.` : '', parts);
  }
}

/** A field that stands in several places must be the same in each, or one entry could not describe it. */
function addField({ fields }: Part, field: Field): void {
  const known = fields.get(field.name);
  if (known === undefined) fields.set(field.name, field);
  else if (JSON.stringify(known.schema.enum) !== JSON.stringify(field.schema.enum))
    throw new Error(`The schema has several ${field.key}: give PART_OF a part for each`);
}

/** The objects that a field holds, in lists and maps too. */
export function objectOf(schema: CrdSchema): CrdSchema | undefined {
  if (schema.items !== undefined) return objectOf(schema.items);
  if (schema.properties !== undefined) return schema;
  return schema.additionalProperties === undefined ? undefined : objectOf(schema.additionalProperties);
}

/** Keys of what a document's spec uses: its fields and, where the schema has an enum, their values. */
export function usedKeys(spec: unknown): Set<string> {
  const keys = new Set<string>();
  const schema = crdSchema('TracingPolicy').properties?.spec;
  if (schema !== undefined) use(spec, schema, 'spec', '', keys);
  return keys;
}

function use(data: unknown, schema: CrdSchema, part: string, prefix: string, keys: Set<string>): void {
  for (const [name, value] of Object.entries(data as Record<string, unknown>)) {
    const property = schema.properties?.[name];
    if (property === undefined) continue;
    const full = `${prefix}${name}`;
    keys.add(`${part}.${full}`);
    if (property.enum !== undefined) keys.add(`${part}.${full}=${String(value)}`);
    const inner = objectOf(property);
    if (inner === undefined) continue;
    const [nextPart, nextPrefix] = PART_OF[name] === undefined ? [part, `${full}.`] : [PART_OF[name], ''];
    for (const item of objectsIn(value, property)) use(item, inner, nextPart, nextPrefix, keys);
  }
}

function objectsIn(value: unknown, schema: CrdSchema): unknown[] {
  if (schema.items !== undefined) return value as unknown[];
  return schema.additionalProperties === undefined ? [value] : Object.values(value as object);
}
