// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { checkDocuments } from './check-text.ts';

const folder = new URL('../../../shared/reference/tetragon/policies/', import.meta.url);

/** Tetragon's validator accepts them, and refuses to load them for the same reason. */
const REFUSED_LATER = new Map([
  ['examples-policylibrary/egress.yaml', 'it is a template: its networks are ${PODCIDR} and ${SERVICECIDR}'],
  ['examples-quickstart/network_egress_cluster.yaml', 'as egress.yaml'],
]);

function isSound(file: string, crdOnly: boolean): boolean {
  const text = readFileSync(new URL(file, folder), 'utf8');
  let problems = 0;
  const documents = checkDocuments(file, text, () => problems++, { crdOnly });
  return problems === 0 && documents.length > 0;
}

const skip = !existsSync(folder) && '../shared is absent';

test('the judgement of each reference policy is that of Tetragon', { skip }, () => {
  const verdicts = readFileSync(new URL('verdicts.tsv', folder), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t'));
  assert(verdicts.length > 80);
  for (const [verdict, file = ''] of verdicts) {
    assert.equal(isSound(file, true) ? 'OK' : 'BAD', verdict, `${file} by the CRD`);
    const expected = REFUSED_LATER.has(file) ? 'BAD' : verdict;
    assert.equal(isSound(file, false) ? 'OK' : 'BAD', expected, file);
  }
});
