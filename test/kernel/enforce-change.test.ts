// SPDX-License-Identifier: Apache-2.0
// A policy is replaced while what it stops is attempted without pause: nothing gets past, nothing is told twice.
// `npm run soak -- replace-policy` does it 1,000 times.
import { describe, test } from 'node:test';
import { runReplacements, STOPPINGS } from './enforce/replace-policy.ts';
import { requires } from './support/requirements.ts';

const REPLACEMENTS = 5;

describe('replacing an enforcing policy', { skip: requires('root', 'btf') }, () => {
  for (const stopping of STOPPINGS)
    test(stopping.name, { skip: requires(...stopping.needs) }, async (t) => {
      t.diagnostic(JSON.stringify(await runReplacements(stopping, REPLACEMENTS)));
    });
});
