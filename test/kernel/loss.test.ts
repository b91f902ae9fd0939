// SPDX-License-Identifier: Apache-2.0
// Rings that are too small: every record that was lost is told of.
import { describe, test } from 'node:test';
import { runLossy } from './support/loss.ts';
import { requires } from './support/requirements.ts';

const COUNT = process.env.GUEST_KERNEL === undefined ? 2_000 : 250;

describe('loss', { skip: requires('root', 'btf') }, () => {
  for (const ring of ['4KiB', '64KiB'])
    test(`with a ring of ${ring}: received + gaps = what happened`, async (context) => {
      const { numbered, received, lost } = await runLossy(ring, COUNT);
      context.diagnostic(`${numbered} records, ${received} received, ${lost} lost`);
    });
});
