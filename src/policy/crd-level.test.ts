// SPDX-License-Identifier: Apache-2.0
// What Tetragon's validator and an API server judge: schema, rules, metadata, strict YAML.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkDocuments } from './check-text.ts';
import type { PolicyProblem } from './problem.ts';

function judge(text: string): string[] {
  const problems: PolicyProblem[] = [];
  const documents = checkDocuments('t.yaml', text, (problem) => problems.push(problem), { crdOnly: true });
  assert(documents.every(({ policy }) => policy === undefined));
  assert.equal(documents.length > 0 && documents.every(({ sound }) => sound), problems.length === 0);
  return problems.map(({ code, at }) => `${at.line}:${at.column} ${code}`);
}

const HEAD = 'apiVersion: cilium.io/v1alpha1\nkind: TracingPolicy\nmetadata: {name: a}\nspec:';

test('sound: empty specs, defaults, null for what has a default', () => {
  for (const spec of [
    ' {}',
    '\n  kprobes: []',
    '\n  kprobes: [{call: f}]',
    '\n  kprobes: [{call: f, syscall: , return: ~, args: [{index: 1, type: , resolve: null}]}]',
    '\n  kprobes: [{call: f, args: [{index: 0}]}]',
    '\n  kprobes: [{call: f, return: yes, returnArg: {index: 0, type: int}}]',
    '\n  kprobes: [{call: f, returnArg: {index: 0}}]',
    '\n  hostSelector: {}',
    '\n  selectorsMacros: {a: {}, b: {matchPIDs: [{operator: In, values: [1, 0x10, 2.0, 1e2]}]}}',
    '\n  uprobes: [{path: a, offsets: [9223372036854775807]}]',
    '\n  lists: [{name: x}]\n  options: [{name: anything}]\n  enforcers: [{calls: []}]',
    '\n  kprobes: [{call: f, selectors: [{matchBinaries: [{operator: In, values: []}]}]}]',
  ])
    assert.deepEqual(judge(HEAD + spec), [], spec);
});

test('sound: optional fields in any letter case, as Go reads JSON', () => {
  for (const spec of [
    '\n  KProbes: [{call: f, Syscall: true}]',
    '\n  kprobes: [{call: f, selectors: [{matchpids: [{operator: In, values: [1], isNamespacePid: true}]}]}]',
  ])
    assert.deepEqual(judge(HEAD + spec), [], spec);
  assert.deepEqual(judge(`${HEAD}\n  kprobes: [{Call: f}]`), ['5:14 missing-field', '5:14 unknown-field']);
  assert.deepEqual(judge(`${HEAD}\n  kprobes: []\n  KPROBES: []`), ['6:3 duplicate']);
});

test('sound: spellings of the documentation beside those of the schema', () => {
  for (const operator of ['NotSPortPriv', 'NotSportPriv', 'SubStringIgnoreCase', 'SubStringIgnCase'])
    assert.deepEqual(
      judge(`${HEAD}\n  kprobes: [{call: f, selectors: [{matchArgs: [{operator: ${operator}}]}]}]`),
      [],
    );
});

test('refused: types, enums, limits, missing and unknown fields', () => {
  for (const [spec, problem] of [
    ['', '4:1 value'],
    [' 5', '4:7 value'],
    [' []', '4:7 value'],
    ['\n  kprobes:', '5:3 value'],
    ['\n  kprobes: {}', '5:12 value'],
    ['\n  hostSelector:', '5:3 value'],
    ['\n  hostSelector: {matchLabels: {a: b}}', '5:18 rule'],
    ['\n  kprobes: [{}]', '5:13 missing-field'],
    ['\n  kprobes: [{call: 5}]', '5:20 value'],
    ['\n  kprobes: [{call: on}]', '5:20 value'],
    ['\n  kprobes: [{call: f, syscall: "true"}]', '5:32 value'],
    ['\n  kprobes: [{call: f, return: true}]', '5:23 rule'],
    ['\n  kprobes: [{call: f, args: [{type: int}]}]', '5:31 missing-field'],
    ['\n  kprobes: [{call: f, args: [{index: -1}]}]', '5:38 value'],
    ['\n  kprobes: [{call: f, args: [{index: 1.5}]}]', '5:38 value'],
    ['\n  kprobes: [{call: f, args: [{index: 2147483648}]}]', '5:38 value'],
    ['\n  kprobes: [{call: f, args: [{index: "1"}]}]', '5:38 value'],
    ['\n  kprobes: [{call: f, args: [{index: 1, type: Int}]}]', '5:47 value'],
    ['\n  kprobes: [{call: f, args: [null]}]', '5:30 value'],
    ['\n  kprobes: [{call: f, tags: [a,b,c,d,e,f,g,h,i,j,k,l,m,nn,o,p,q]}]', '5:63 value'],
    ['\n  kprobes: [{call: f, selectors: [{matchActions: [{action: post}]}]}]', '5:60 value'],
    ['\n  kprobes: [{call: f, selectors: [{matchActions: [{action: Signal, argSig: -9}]}]}]', '5:76 value'],
    ['\n  kprobes: [{call: f, selectors: [{matchPIDs: [{operator: In, values: [-1]}]}]}]', '5:72 value'],
    ['\n  kprobes: [{call: f, selectors: [{matchArgs: [{operator: Equal, values: [1]}]}]}]', '5:75 value'],
    ['\n  kprobes: [{call: f, selectors: [{matchArgs: [{values: ["1"]}]}]}]', '5:49 missing-field'],
    ['\n  tracepoints: [{event: e}]', '5:18 missing-field'],
    ['\n  uprobes: [{path: p, symbols: [a], addrs: [1]}]', '5:14 rule'],
    ['\n  uprobes: [{path: p, addrs: [9223372036854775808]}]', '5:31 value'],
    ['\n  uprobes: [{path: p, addrs: [0xffffffffffffffff]}]', '5:31 value'],
    ['\n  lists: [{name: x, type: kernel}]', '5:27 value'],
    ['\n  podSelector: {matchLabels: {a: -b}}', '5:34 value'],
    ['\n  podSelector: {matchExpressions: [{key: a}]}', '5:37 missing-field'],
    ['\n  kprobe: []', '5:3 unknown-field'],
    [' {}\nstatus: {}', '5:1 unknown-field'],
  ] as const)
    assert.deepEqual(judge(HEAD + spec), [problem], spec);
});

test('refused: the parts of an Override that exclude each other', () => {
  const spec =
    '\n  uprobes: [{path: p, selectors: [{matchActions: [{action: Override, argNewAddr: 1, argNewSymbol: a}]}]}]';
  assert.deepEqual(judge(HEAD + spec), ['5:52 rule']);
});

test('kind and version', () => {
  const spec = 'metadata: {name: a}\nspec: {}\n';
  assert.deepEqual(judge(`kind: TracingPolicy\n${spec}`), ['1:1 kind']);
  assert.deepEqual(judge(`apiVersion: cilium.io/v2\nkind: TracingPolicy\n${spec}`), ['1:13 kind']);
  assert.deepEqual(judge(`apiVersion: cilium.io/v1alpha1\n${spec}`), ['1:1 kind']);
  assert.deepEqual(judge(`apiVersion: cilium.io/v1alpha1\nkind: List\n${spec}`), ['2:7 kind']);
  assert.deepEqual(judge('- a\n'), ['1:1 kind']);
  assert.deepEqual(judge('text'), ['1:1 kind']);
  assert.deepEqual(judge('# nothing\n'), ['0:0 kind']);
});

test('metadata', () => {
  const judgeMetadata = (metadata: string, kind = 'TracingPolicy'): string[] =>
    judge(`apiVersion: cilium.io/v1alpha1\nkind: ${kind}\nspec: {}\nmetadata: ${metadata}\n`);
  for (const metadata of [
    '{name: a.b-c.1}',
    '{name: 123}',
    '{name: a, namespace: ""}',
    '{name: a, labels: {x/y: 1, z: true, w: ""}, annotations: {A: 5, b.c/D_e: "any text"}}',
    '{name: a, labels: , annotations: null, creationTimestamp: null}',
    '{name: a, uid: u, resourceVersion: "1", generation: 2, creationTimestamp: 2026-01-02T03:04:05Z, selfLink: s}',
    '{name: a, finalizers: [x.y/z], ownerReferences: [{apiVersion: v1, kind: K, name: n, uid: u, controller: true}]}',
    '{name: a, managedFields: [{manager: kubectl, operation: Update, fieldsType: FieldsV1, fieldsV1: {f:spec: {}}}]}',
    '{name: a, Labels: {}}',
  ])
    assert.deepEqual(judgeMetadata(metadata), [], metadata);
  for (const [metadata, problem] of [
    ['{}', '4:1 metadata'],
    ['', '4:1 value'],
    ['{name: ""}', '4:12 metadata'],
    ['{name: A}', '4:18 metadata'],
    ['{name: a_b}', '4:18 metadata'],
    ['{name: -a}', '4:18 metadata'],
    ['{name: a..b}', '4:18 metadata'],
    [`{name: ${'a'.repeat(254)}}`, '4:18 metadata'],
    ['{name: [a]}', '4:18 value'],
    ['{generateName: a-}', '4:1 metadata'],
    ['{name: a, namespace: b}', '4:21 metadata'],
    ['{name: a, labels: {"-": b}}', '4:30 metadata'],
    ['{name: a, labels: {b: "c d"}}', '4:33 metadata'],
    ['{name: a, labels: [b]}', '4:29 value'],
    ['{name: a, annotations: {"a b": c}}', '4:35 metadata'],
    ['{name: a, creationTimestamp: yesterday}', '4:40 value'],
    ['{name: a, generation: -1}', '4:33 value'],
    ['{name: a, finalizers: [" "]}', '4:34 metadata'],
    ['{name: a, ownerReferences: [{name: n}]}', '4:40 metadata'],
    ['{name: a, managedFields: [{manager: m}]}', '4:38 metadata'],
    ['{name: a, nmae: b}', '4:21 unknown-field'],
  ] as const)
    assert.deepEqual(judgeMetadata(metadata), [problem], metadata);
  const large = `{name: a, annotations: {b: ${'x'.repeat(256 << 10)}}}`;
  assert.deepEqual(judgeMetadata(large), ['4:35 metadata']);
  assert.deepEqual(judgeMetadata('{name: a, namespace: b}', 'TracingPolicyNamespaced'), []);
  assert.deepEqual(judgeMetadata('{name: a}', 'TracingPolicyNamespaced'), ['4:1 metadata']);
  assert.deepEqual(judgeMetadata('{name: a, namespace: b.c}', 'TracingPolicyNamespaced'), ['4:32 metadata']);
});

test('a namespaced policy has no hostSelector', () => {
  const head = HEAD.replace('TracingPolicy', 'TracingPolicyNamespaced').replace(
    'name: a',
    'name: a, namespace: b',
  );
  assert.deepEqual(judge(`${head}\n  hostSelector: {}`), ['5:3 rule']);
  assert.deepEqual(judge(`${head} text`), ['4:7 value']);
});

test('each document of a file is judged by itself', () => {
  assert.deepEqual(judge(`${HEAD} {}\n---\n${HEAD} 5\n---\n${HEAD} {}\n`), ['9:7 value']);
});
