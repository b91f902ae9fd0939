// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { whyHitsAreSkipped } from './skipped-hits.ts';

test('hits are skipped where tasks inside of the kernel can be preempted, or it is not known', () => {
  for (const model of ['none', 'voluntary'] as const)
    assert.equal(whyHitsAreSkipped({ model, source: 'the kernel build' }), undefined);
  for (const model of ['full', 'lazy', 'rt'] as const)
    assert.match(whyHitsAreSkipped({ model, source: 'the kernel build' }) ?? '', new RegExp(`"${model}"`));
  assert.match(whyHitsAreSkipped({ model: undefined, source: 'nothing' }) ?? '', /unknown/);
});
