// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PolicyProblem } from './problem.ts';
import { SourceText } from './source-text.ts';
import type { YamlNode } from './yaml-node.ts';
import { parseYaml } from './yaml-tree.ts';

function parse(text: string) {
  const problems: PolicyProblem[] = [];
  const documents = parseYaml(new SourceText('t.yaml', text), (problem) => problems.push(problem));
  return {
    documents,
    problems: problems.map(({ code, at }) => `${at.line}:${at.column} ${code}`),
    data: documents.map(({ root }) => plain(root)),
  };
}

function plain(node: YamlNode): unknown {
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'sequence') return node.items.map(plain);
  return Object.fromEntries([...node.entries].map(([key, { value }]) => [key, plain(value)]));
}

function offsets(node: YamlNode): unknown {
  if (node.kind === 'scalar') return node.offset;
  if (node.kind === 'sequence') return node.items.map(offsets);
  return [...node.entries.values()].map(({ keyOffset, value }) => [keyOffset, offsets(value)]);
}

test('every document that is not empty, with comments and end marks', () => {
  const { data, problems } = parse('# c\n---\na: 1\n---\n---\n# only this\n...\n---\n- b\n');
  assert.deepEqual([data, problems], [[{ a: 1n }, ['b']], []]);
  assert.deepEqual(parse('').data, []);
  assert.deepEqual(parse('# c\n').data, []);
});

test('every style of scalar, with the place where it begins', () => {
  const text = `a: plain
b: 'single'
"c": "dou\\u0062le"
d: |
  literal
e: >-
  folded
  text
f: {g: [1, "2"]}
`;
  const { data, documents } = parse(text);
  assert.deepEqual(data, [
    { a: 'plain', b: 'single', c: 'double', d: 'literal\n', e: 'folded text', f: { g: [1n, '2'] } },
  ]);
  const [a, b, c, , , f] = offsets(documents[0]?.root as YamlNode) as [number, unknown][];
  assert.deepEqual(
    [a, b, c],
    [
      [0, 3],
      [9, 12],
      [21, 26],
    ],
  );
  const g = (f?.[1] as [number, number[]][])[0];
  assert.deepEqual(g, [text.indexOf('g:'), [text.indexOf('1,'), text.indexOf('"2"')]]);
});

test('anchors, aliases and merge keys; an alias stands where its anchor does', () => {
  const { data, documents, problems } = parse(
    'a: &x {b: 1}\nc: *x\nd:\n  <<: *x\n  e: 2\nf:\n  <<: [{g: 3}, {h: 4}]\n',
  );
  assert.deepEqual(problems, []);
  assert.deepEqual(data, [{ a: { b: 1n }, c: { b: 1n }, d: { b: 1n, e: 2n }, f: { g: 3n, h: 4n } }]);
  const root = documents[0]?.root;
  assert(root?.kind === 'mapping');
  assert.equal(root.entries.get('c')?.value, root.entries.get('a')?.value);
  assert.deepEqual(parse('a: "<<"\n"<<": b\n').data, [{ a: '<<', '<<': 'b' }]);
});

test('a key that stands twice is refused, also when it was merged; the rest is read', () => {
  const { data, documents, problems } = parse('a: 1\nb:\n  c: 1\n  c: 2\na: 3\n');
  assert.deepEqual(problems, ['4:3 duplicate', '5:1 duplicate']);
  assert.deepEqual([data, documents[0]?.sound], [[{ a: 1n, b: { c: 1n } }], false]);
  assert.deepEqual(parse('a: &x {b: 1}\nc:\n  <<: *x\n  b: 2\n').problems, ['4:3 duplicate']);
  assert.deepEqual(parse('a: &x {b: 1}\nc:\n  b: 2\n  <<: *x\n').problems, ['4:3 duplicate']);
});

test('names of fields are texts; what YAML reads as something else is written as Kubernetes writes it', () => {
  assert.deepEqual(parse('1: a\nyes: b\n1.5: c\n').data, [{ 1: 'a', true: 'b', '1.5': 'c' }]);
  assert.deepEqual(parse('__proto__: a\nconstructor: b\n').documents.length, 1);
  assert.deepEqual(parse('? [a]\n: b\n').problems, ['1:3 yaml']);
  assert.deepEqual(parse('~: b\n').problems, ['1:1 yaml']);
});

test('tags of YAML itself are followed, others are refused', () => {
  assert.deepEqual(
    parse('a: !!str 5\nb: !!int "5"\nc: ! yes\nd: !!map {e: !!seq []}\nf: !<tag:yaml.org,2002:bool> "no"\n')
      .data,
    [{ a: '5', b: 5n, c: 'yes', d: { e: [] }, f: false }],
  );
  for (const text of ['a: !x b\n', 'a: !!binary aGk=\n', 'a: !!set {b: }\n', 'a: !!int x\n', 'a: !!seq {}\n'])
    assert.deepEqual(parse(text).problems, ['1:4 yaml'], text);
});

test('aliases without an anchor, or within their own, are refused', () => {
  assert.deepEqual(parse('a: *x\nb: &x 1\n').problems, ['1:4 yaml']);
  assert.deepEqual(parse('a: &x [*x]\n').problems, ['1:8 yaml']);
  assert.deepEqual(parse('a: &x 1\n---\na: *x\n').problems, ['3:4 yaml']);
});

test('aliases that multiply the document are refused before it grows', () => {
  const names = 'abcdefghijklmnopqrstuvwxyz'.split('');
  const bomb = names
    .map(
      (name, index) =>
        `${name}: &${name} [${Array<string>(9)
          .fill(index === 0 ? 'x' : `*${names[index - 1] ?? ''}`)
          .join(', ')}]\n`,
    )
    .join('');
  const { documents, problems } = parse(bomb);
  assert.deepEqual([documents, problems.length, problems[0]?.slice(-4)], [[], 1, 'yaml']);
});

test('what is no YAML is one problem with its place', () => {
  for (const [text, place] of [
    ['a: b\n  c: d\n', '2:4'],
    ['a: [1, 2\n', '2:1'],
    ['a: "b\n', '2:1'],
    ['a: "\\q"\n', '1:6'],
    ['a: b\n\tc: d\n', '2:1'],
    ['a: \u0000\n', '1:4'],
    ['a: \u0007\n', '1:4'],
    ['%YAML 3.0\n---\na: b\n', '2:1'],
    ['a: "\\ud800"\n', '1:4'],
    [`a: ${'['.repeat(100_000)}`, '1:103'],
    [`${'- '.repeat(50_000)}a`, '1:201'],
  ] as const)
    assert.deepEqual(parse(text).problems, [`${place} yaml`], JSON.stringify(text.slice(0, 40)));
});

test('a byte order mark, CRLF and tabs between tokens change no place', () => {
  const { data, documents } = parse('\uFEFFa:\tb\r\nc: # d\r\n- e\r\n');
  assert.deepEqual(data, [{ a: 'b', c: ['e'] }]);
  assert.deepEqual(offsets(documents[0]?.root as YamlNode), [
    [0, 3],
    [6, [16]],
  ]);
  assert.deepEqual(parse('{\r\n\t"a": [\r\n\t\t1\r\n\t]\r\n}\r\n').data, [{ a: [1n] }]);
});

test('random texts are read or refused, never more', () => {
  const alphabet = [
    'a',
    ': ',
    '- ',
    '\n',
    '  ',
    '{',
    '}',
    '[',
    ']',
    ',',
    '"',
    "'",
    '&x ',
    '*x',
    '!!',
    '|',
    '>',
    '#',
    '\t',
    '?',
    '<<',
    '~',
    '1',
  ];
  let state = 1;
  const random = (): number => (state = (state * 48_271) % 2_147_483_647);
  for (let round = 0; round < 3000; round++) {
    const text = Array.from({ length: random() % 30 }, () => alphabet[random() % alphabet.length] ?? '').join(
      '',
    );
    const { documents, problems } = parse(text);
    assert(documents.length === 0 || documents.every(({ root }) => root.weight > 0), text);
    assert(Array.isArray(problems));
  }
});
