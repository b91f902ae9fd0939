// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Automaton, buildAutomaton, classify } from './automaton.ts';
import { Random } from './testing.ts';

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

function find({ classes, classCount, moves, outputs }: Automaton, text: Uint8Array): number[] {
  const found = new Set<number>();
  let state = 0;
  for (const byte of text) {
    state = moves[state * classCount + (classes[byte] ?? 0)] ?? 0;
    for (const pattern of outputs.get(state) ?? []) found.add(pattern);
  }
  return [...found].sort((a, b) => a - b);
}

function findNaively(patterns: readonly string[], text: string, folded: boolean): number[] {
  const lower = (letters: string): string =>
    folded ? letters.replace(/[A-Z]/g, (letter) => letter.toLowerCase()) : letters;
  return patterns.flatMap((pattern, index) => (lower(text).includes(lower(pattern)) ? [index] : []));
}

for (const folded of [false, true])
  test(`it finds what a naive search finds${folded ? ', with letters folded' : ''}`, () => {
    const random = new Random(1);
    for (let round = 0; round < 300; round++) {
      const patterns = random.list(1, 12, () => random.text(1, 6));
      const { classes, classCount } = classify(patterns.map(bytes), folded);
      const automaton = buildAutomaton(patterns.map(bytes), classes, classCount);
      for (let texts = 0; texts < 10; texts++) {
        const text = random.text(0, 60, 'abAB/xX');
        assert.deepEqual(find(automaton, bytes(text)), findNaively(patterns, text, folded), text);
      }
    }
  });

test('the classic example: he, she, his, hers', () => {
  const patterns = ['he', 'she', 'his', 'hers'];
  const { classes, classCount } = classify(patterns.map(bytes), false);
  const automaton = buildAutomaton(patterns.map(bytes), classes, classCount);
  assert.equal(automaton.moves.length / classCount, 10);
  assert.deepEqual(find(automaton, bytes('ushers')), [0, 1, 3]);
  assert.deepEqual(find(automaton, bytes('hi')), []);
});

test('equal patterns end in one state, each of them', () => {
  const patterns = ['ab', 'b', 'ab'].map(bytes);
  const { classes, classCount } = classify(patterns, false);
  assert.deepEqual(find(buildAutomaton(patterns, classes, classCount), bytes('xab')), [0, 1, 2]);
});

test('classes of several automatons may be shared', () => {
  const { classes, classCount } = classify([bytes('abc'), bytes('xyz')], false);
  assert.equal(classCount, 7);
  const automaton = buildAutomaton([bytes('bc')], classes, classCount);
  assert.deepEqual(find(automaton, bytes('xyzabc')), [0]);
  assert.deepEqual(find(automaton, bytes('bxc')), []);
});

test('folding is of ASCII letters only', () => {
  const { classes } = classify([bytes('Zé')], true);
  assert.equal(classes[0x5a], classes[0x7a]);
  assert.notEqual(classes[0xe9], classes[0xc9]);
  assert.equal(classes[0x40], 0);
  assert.equal(classes[0x5b], 0);
});
