// SPDX-License-Identifier: Apache-2.0
// A policy is replaced while what it denies is attempted without pause: nothing gets past, nothing is told twice.
// `npm run soak -- replace-policy` does it 1,000 times.
import { describe, test } from 'node:test';
import { runReplacements } from './enforce/replace-policy.ts';
import { requires } from './support/requirements.ts';

const REPLACEMENTS = 10;

describe('replacing an enforcing policy', { skip: requires('root', 'btf', 'bpfLsm') }, () => {
  test('leaves no moment in which the operation succeeds', async (t) => {
    t.diagnostic(JSON.stringify(await runReplacements(REPLACEMENTS)));
  });
});
