// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { load } from 'js-yaml';
import { crdFiles } from './files.ts';
import type { OpenApi } from './openapi.ts';

const reference = new URL('../../../shared/reference/tetragon/crd.json', import.meta.url);
const files = await crdFiles();

/** kubectl keeps a copy of what it applied in an annotation; Kubernetes allows 256 KiB for all of them. */
const ANNOTATIONS_BYTES = 256 << 10;

interface Crd {
  spec: {
    group: string;
    names: object;
    scope: string;
    versions: { name: string; served: boolean; storage: boolean; schema: { openAPIV3Schema: OpenApi } }[];
  };
}
type Facts = Record<string, Record<string, unknown>>;

/** Each schema by its path, `[]` for items and `{}` for the values of a map, in the form of crd.json. */
function flatten(schema: OpenApi, path: string, into: Facts): Facts {
  const { description: _, properties, additionalProperties, items, required, ...facts } = schema;
  const { 'x-kubernetes-validations': rules, ...plain } = facts;
  into[path === '' ? '$' : path] = {
    ...plain,
    ...(required !== undefined && { required: required.toSorted() }),
    ...(rules !== undefined && { cel: rules.map(({ rule }) => rule) }),
  };
  for (const [name, property] of Object.entries(properties ?? {}))
    flatten(property, path === '' ? name : `${path}.${name}`, into);
  if (additionalProperties !== undefined) flatten(additionalProperties, `${path}{}`, into);
  if (items !== undefined) flatten(items, `${path}[]`, into);
  return into;
}

test('deploy/crds has what scripts/gen-crds.ts writes', () => {
  for (const [name, text] of files)
    assert.equal(readFileSync(new URL(`../../deploy/crds/${name}`, import.meta.url), 'utf8'), text, name);
});

test('kubectl apply has room for the manifests', () => {
  for (const [name, text] of files)
    assert(Buffer.byteLength(JSON.stringify(load(text))) < ANNOTATIONS_BYTES * 0.9, name);
});

test('every field, type, enum, default, limit and rule is that of Tetragon', (t) => {
  if (!existsSync(reference)) {
    t.skip('../shared is absent');
    return;
  }
  const facts = JSON.parse(readFileSync(reference, 'utf8')) as Record<string, { paths: Facts }>;
  for (const [name, text] of files) {
    const { group, names, scope, versions } = (load(text) as Crd).spec;
    const [version] = versions;
    assert(version !== undefined);
    const ours = flatten(version.schema.openAPIV3Schema, '', {});
    for (const [path, fact] of Object.entries(ours)) {
      // Spellings of Tetragon's documentation that its schema refuses.
      if (/\.match(Args|Data|ReturnArgs)\[\]\.operator$/.test(path))
        fact.enum = (fact.enum as string[]).filter(
          (value) => value !== 'NotSPortPriv' && value !== 'SubStringIgnoreCase',
        );
    }
    const { name: versionName, served, storage } = version;
    assert.deepEqual(
      { group, names, scope, version: versionName, served, storage, paths: ours },
      facts[name],
    );
  }
});
