// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { checkPolicyText, formatProblem } from './index.ts';

const folder = new URL('../../test/fixtures/policies-broken/', import.meta.url);
/** UPDATE_GOLDEN=1 writes what is printed now; look at the difference before you commit it. */
const update = process.env.UPDATE_GOLDEN !== undefined;

for (const file of readdirSync(folder).filter((name) => name.endsWith('.yaml'))) {
  test(`what is printed for ${file}`, () => {
    let text = '';
    const policies = checkPolicyText(file, readFileSync(new URL(file, folder), 'utf8'), (problem) => {
      text += formatProblem(problem);
      assert(
        problem.code === 'rule' || problem.remedy !== undefined || /expected|takes/.test(problem.message),
        `no remedy: ${problem.message}`,
      );
    });
    const expected = new URL(file.replace(/\.yaml$/, '.txt'), folder);
    if (update) writeFileSync(expected, text);
    assert.equal(text, readFileSync(expected, 'utf8'));
    assert(text !== '');
    // Others in the same file stay usable.
    assert.equal(policies.length, file === 'two-documents.yaml' ? 1 : 0);
  });
}
