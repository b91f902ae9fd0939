// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { maskPrefixes, PrefixCollector } from './prefix-table.ts';
import { RuleMask } from './rule-mask.ts';
import { Random } from './testing.ts';

type Row = ReturnType<typeof maskPrefixes>[number];

function bitsOf(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
}

/** As the kernel's trie: the longest entry that is a prefix. */
function longest(rows: readonly Row[], bits: string): Row | undefined {
  return rows
    .filter(({ entry }) => bits.startsWith(bitsOf(entry.bytes).slice(0, entry.bits)))
    .toSorted((a, b) => b.entry.bits - a.entry.bits)[0];
}

function missOf(rules: number, negated: readonly boolean[]): RuleMask {
  const miss = new RuleMask(Math.ceil(rules / 64));
  negated.forEach((isNegated, rule) => {
    if (isNegated) miss.add(rule);
  });
  return miss;
}

test('a nested prefix has what the shorter ones say', () => {
  const collector = new PrefixCollector();
  const add = (rule: number, text: string, negated = false): void =>
    collector.add(rule, Buffer.from(text), text.length * 8, negated);
  add(0, '/etc/ssh');
  add(1, '/');
  add(2, '/etc');
  add(3, '/etc/', true);
  const rows = maskPrefixes(collector.entries, missOf(4, [false, false, false, true]));
  const of = (text: string): number[] => {
    const mask = longest(rows, bitsOf(Buffer.from(text)))?.mask;
    return [0, 1, 2, 3].filter((rule) => mask?.has(rule) === true);
  };
  assert.deepEqual(of('/etc/sshd'), [0, 1, 2]);
  assert.deepEqual(of('/etc'), [1, 2, 3]);
  assert.deepEqual(of('/etc/passwd'), [1, 2]);
  assert.deepEqual(of('/tmp'), [1, 3]);
  assert.deepEqual(of('tmp'), []);
});

test('each prefix is there once', () => {
  const collector = new PrefixCollector();
  collector.add(0, Uint8Array.of(0b1010_0000), 3, false);
  collector.add(1, Uint8Array.of(0b1011_1111), 3, true);
  collector.add(2, Uint8Array.of(0b1010_0000), 4, false);
  assert.equal(collector.entries.length, 2);
  assert.deepEqual(collector.entries[0]?.positive, [0]);
  assert.deepEqual(collector.entries[0].negative, [1]);
});

test('random prefixes of any number of bits against a direct evaluation', () => {
  const random = new Random(2);
  const anyBytes = (): Uint8Array => Uint8Array.from({ length: 3 }, () => random.pick([0, 1, 128, 255, 170]));
  for (let round = 0; round < 300; round++) {
    const rules = random.list(1, 80, () => ({
      negated: random.chance(0.4),
      prefixes: random.list(1, 4, () => ({ bytes: anyBytes(), bits: random.below(25) })),
    }));
    const collector = new PrefixCollector();
    rules.forEach(({ negated, prefixes }, rule) => {
      for (const { bytes, bits } of prefixes) collector.add(rule, bytes, bits, negated);
    });
    const miss = missOf(
      rules.length,
      rules.map(({ negated }) => negated),
    );
    const rows = maskPrefixes(collector.entries, miss);
    for (let input = 0; input < 20; input++) {
      const bits = bitsOf(anyBytes());
      const mask = longest(rows, bits)?.mask ?? miss;
      rules.forEach(({ negated, prefixes }, rule) => {
        const has = prefixes.some((prefix) => bits.startsWith(bitsOf(prefix.bytes).slice(0, prefix.bits)));
        assert.equal(mask.has(rule), has !== negated);
      });
    }
  }
});
