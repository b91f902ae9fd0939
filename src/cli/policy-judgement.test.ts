// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { BpfError } from '../kernel/bpf-error.ts';
import { checkFiles, formatProblem } from '../policy/index.ts';
import { judgeFiles } from './policy-judgement.ts';

const fixtures = new URL('../../test/fixtures/', import.meta.url);
const folder = new URL('policies-kernel/', fixtures);
const kernel = fileURLToPath(new URL('btf/kernel.btf', fixtures));
/** UPDATE_GOLDEN=1 writes what is printed now; look at the difference before you commit it. */
const update = process.env.UPDATE_GOLDEN !== undefined;

for (const file of readdirSync(folder).filter((name) => name.endsWith('.yaml'))) {
  test(`what the tests' own kernel says of ${file}`, () => {
    const checked = checkFiles([fileURLToPath(new URL(file, folder))], (problem) =>
      assert.fail(formatProblem(problem)),
    );
    const { files, problems, unchecked } = judgeFiles(checked, kernel);
    const printed = problems.map(({ code, at, message, remedy }) => {
      assert.equal(code, 'kernel');
      assert(remedy !== undefined || message.includes('in this version'), `no remedy: ${message}`);
      return formatProblem({ at: { ...at, file: basename(at.file) }, message, ...(remedy && { remedy }) });
    });
    const text = [...printed, ...unchecked.map((what) => `Not checked: ${what}\n`)].join('');
    const expected = new URL(file.replace(/\.yaml$/, '.txt'), folder);
    if (update) writeFileSync(expected, text);
    assert.equal(text, readFileSync(expected, 'utf8'));
    assert.deepEqual(
      files.map(({ sound, documents }) => [sound, documents.map((document) => document.sound)]),
      [[false, [false]]],
    );
  });
}

test('a file without types is said before anything else', () => {
  for (const path of ['/nonexistent', fileURLToPath(import.meta.url)])
    assert.throws(
      () => judgeFiles([], path),
      (error: Error & { code?: string; remedy?: string }) =>
        !(error instanceof BpfError) && error.code === 'ERR_BPF' && /vmlinux/.test(error.remedy ?? ''),
    );
});
