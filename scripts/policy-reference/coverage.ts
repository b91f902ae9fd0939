// SPDX-License-Identifier: Apache-2.0
import type { Example } from '../../test/kernel/examples/example.ts';
import type { Feature, Section } from './feature.ts';
import { type Parts, usedKeys } from './schema.ts';

/** Fields whose values are features: each needs an entry of its own. */
const NAMED = ['argument.type', 'values.operator', 'action.action', 'list.type'];

/**
 * What keeps the reference from being complete, in sentences: a feature of the schema without an entry or without an example,
 * an entry for nothing, an example that is shown nowhere.
 */
export function findGaps(
  parts: Parts,
  sections: readonly Section[],
  examples: ReadonlyMap<string, Example>,
): string[] {
  const features = sections.flatMap((section) => section.features);
  const used = new Map([...examples].map(([name, { document }]) => [name, usedKeys(document.spec)]));
  const known = new Set(allKeys(parts));
  const usedByAny = new Set([...used.values()].flatMap((keys) => [...keys]));
  const described = new Set(features.flatMap(({ covers }) => covers));
  const shown = new Set(features.flatMap((feature) => feature.examples));
  const listed = new Set(sections.flatMap((section) => section.parts));
  const titles = [...sections, ...features].map(({ title }) => title);
  return [
    ...titles
      .filter((title, index) => titles.indexOf(title) !== index)
      .map((title) => `Two entries are called "${title}"`),
    ...[...parts.keys()]
      .filter((part) => !listed.has(part))
      .map((part) => `No section lists the fields of "${part}": add it to the parts of one in features.ts`),
    ...[...known]
      .filter((key) => !usedByAny.has(key))
      .map((key) => `No example uses ${key}: add one to docs/examples/`),
    ...[...known]
      .filter((key) => NAMED.some((field) => key.startsWith(`${field}=`)) && !described.has(key))
      .map((key) => `No entry describes ${key}: add one to scripts/policy-reference/`),
    ...features.flatMap((feature) => gapsOf(feature, known, used)),
    ...[...examples.keys()]
      .filter((name) => !shown.has(name))
      .map((name) => `No entry shows docs/examples/${name}.yaml: add it to one in scripts/policy-reference/`),
  ];
}

function allKeys(parts: Parts): string[] {
  return [...parts.values()].flatMap(({ fields }) =>
    [...fields.values()].flatMap(({ key, schema }) => [
      key,
      ...(schema.enum ?? []).map((value) => `${key}=${value}`),
    ]),
  );
}

function gapsOf(
  { title, covers, examples }: Feature,
  known: ReadonlySet<string>,
  used: ReadonlyMap<string, ReadonlySet<string>>,
): string[] {
  const missing = examples.filter((name) => !used.has(name));
  return [
    ...missing.map((name) => `The entry "${title}" shows docs/examples/${name}.yaml, which does not exist`),
    ...(examples.length === 0 ? [`The entry "${title}" has no example: add one to docs/examples/`] : []),
    ...covers
      .filter((key) => !known.has(key))
      .map((key) => `The entry "${title}" is about ${key}, which the schema does not have`),
    ...covers
      .filter((key) => !examples.some((name) => used.get(name)?.has(key) === true))
      .map((key) => `The examples of the entry "${title}" do not use ${key}`),
  ];
}
