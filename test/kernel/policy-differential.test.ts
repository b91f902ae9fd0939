// SPDX-License-Identifier: Apache-2.0
// The kernel's verdict on random policies and events, against a plain reference implementation. MERLON_SEED repeats a run,
// MERLON_SETS changes its length; `npm run soak -- differential` is the long one.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { runDifferential } from './support/differential.ts';
import { matchOwnBinary, ownBinary } from './support/own-binary.ts';
import { requires } from './support/requirements.ts';

const IS_GUEST = process.env.GUEST_KERNEL !== undefined;

describe('policies against the reference', { skip: requires('root', 'btf') }, () => {
  test('random policies and events: no difference', (context) => {
    const seed = Number(process.env.MERLON_SEED ?? Date.now() % 2 ** 32);
    const sets = Number(process.env.MERLON_SETS ?? (IS_GUEST ? 3 : 10));
    context.diagnostic(`MERLON_SEED=${seed}`);
    context.diagnostic(JSON.stringify(runDifferential({ seed, sets, policies: 40, events: 100 })));
  });

  test('the binary of a real process, as the process sensor notes it', () => {
    const binary = ownBinary();
    const matching = matchOwnBinary({
      exact: ['exact', binary],
      prefix: ['prefix', binary.slice(0, binary.lastIndexOf('/') + 1).slice(0, 256)],
      postfix: ['postfix', binary.slice(binary.lastIndexOf('/'))],
      longer: ['exact', `${binary}x`],
      otherPrefix: ['prefix', `${binary.slice(0, 3)}\u0001`],
      otherPostfix: ['postfix', `x${binary.slice(-3)}`],
    });
    assert.deepEqual(matching, ['exact', 'prefix', 'postfix']);
  });
});
