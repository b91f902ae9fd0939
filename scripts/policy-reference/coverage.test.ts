// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkPolicyText } from '../../src/policy/index.ts';
import { readExamples } from '../../test/kernel/examples/example.ts';
import { findGaps } from './coverage.ts';
import type { Section } from './feature.ts';
import { readParts } from './schema.ts';
import { SECTIONS } from './sections.ts';

const parts = readParts();
const examples = readExamples();

test('every feature has an entry and an example, every example an entry', () => {
  assert.deepEqual(findGaps(parts, SECTIONS, examples), []);
});

test('a feature without an example, and one without an entry, are named', () => {
  const less = new Map([...examples].filter(([name]) => name !== 'type-nop'));
  const gaps = findGaps(parts, SECTIONS, less);
  assert.ok(gaps.includes('No example uses argument.type=nop: add one to docs/examples/'), gaps.join('\n'));
  assert.ok(gaps.includes('The entry "nop" shows docs/examples/type-nop.yaml, which does not exist'));
  const sections: Section[] = SECTIONS.map((section) => ({
    ...section,
    features: section.features.filter(({ title }) => title !== 'nop'),
  }));
  assert.deepEqual(findGaps(parts, sections, examples), [
    'No entry describes argument.type=nop: add one to scripts/policy-reference/',
    'No entry shows docs/examples/type-nop.yaml: add it to one in scripts/policy-reference/',
  ]);
});

for (const { name, yaml, refused } of examples.values())
  test(`policy check judges ${name}`, () => {
    const messages: string[] = [];
    checkPolicyText(`${name}.yaml`, yaml, ({ message }) => messages.push(message));
    // What only the plan refuses is the kernel test's: policy-examples.test.ts.
    const expected = refused !== undefined && messages.length > 0 ? [refused] : [];
    assert.deepEqual(
      messages.map((message) => message.slice(0, refused?.length)),
      expected,
    );
  });
