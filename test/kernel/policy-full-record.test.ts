// SPDX-License-Identifier: Apache-2.0
// Values that find no room in the record are not known: no condition takes them for empty.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { planInstances } from '../../src/plan/plan-instances.ts';
import { planPolicy } from '../../src/plan/plan-policies.ts';
import { argument, condition, kernelFacts, policy, rawHook, selector } from '../../src/plan/testing.ts';
import type { Policy } from '../../src/policy/model.ts';
import { HookBed } from './support/hook-bed.ts';
import { requires } from './support/requirements.ts';

const BUFFER_BYTES = 4096;
/** Of 4,096 bytes each; a record has room for seven. */
const COUNT = 8;

/** All but the last begin with "a", and the last does not. */
function contradiction(unreadable: string): Policy {
  const sizes = [undefined, 0, 1, 2, 4, 5];
  // The same buffer as different values: each has its size from another argument, or another type.
  const args = [
    ...sizes.map((sizeArgument) => argument(3, 'char_buf', { sizeArgument })),
    ...[0, 1].map((sizeArgument) => argument(3, 'const_buf', { sizeArgument })),
  ];
  const conditions = args.map((_, entry) =>
    condition(
      entry,
      { op: 'strings', match: 'prefix', ignoreCase: false, values: ['a'] },
      entry === COUNT - 1,
    ),
  );
  const extensions = new Map([['on-unreadable', unreadable]]);
  return policy(unreadable, [rawHook(args, [selector({ args: conditions })])], { extensions });
}

describe('a full record', { skip: requires('root', 'btf') }, () => {
  for (const unreadable of ['match', 'no-match'])
    test(`a policy with on-unreadable ${unreadable}`, () => {
      const bed = new HookBed([5n, 7n]);
      try {
        const hooks = [...planPolicy(contradiction(unreadable), kernelFacts()).values()].flat();
        bed.load(planInstances(hooks, bed.secret));
        bed.memory.fill('a', 0, 2 * BUFFER_BYTES);
        const size = BigInt(BUFFER_BYTES);
        const hits = bed.hit([size, size, size, bed.address, size, size]);
        assert.equal(hits.length, unreadable === 'match' ? 1 : 0);
      } finally {
        bed.close();
      }
    });
});
