// SPDX-License-Identifier: Apache-2.0
// What is denied or killed has not happened: no byte is read, and no change of an argument in between gets past.
// `npm run soak -- kill-before-access` and `npm run soak -- toctou` run the same at the counts that the issue states.
import { describe, test } from 'node:test';
import { PROTECTIONS, runKillBeforeAccess } from './enforce/kill-before-access.ts';
import { RACED, runToctou } from './enforce/toctou.ts';
import { requires } from './support/requirements.ts';

const ATTEMPTS = 100;
const RACES = 500;

test('kill before access: a reader receives no byte', { skip: requires('root', 'btf') }, async (t) => {
  const protections = PROTECTIONS.filter(({ needs }) => requires(...needs) === false);
  t.diagnostic(JSON.stringify(await runKillBeforeAccess(protections, ATTEMPTS)));
});

describe('a changed argument gets nothing past a hook that sees the copy', { skip: requires('root') }, () => {
  for (const raced of RACED)
    test(raced, { skip: requires('bpfLsm') }, async (t) => {
      t.diagnostic(JSON.stringify(await runToctou(raced, RACES)));
    });
});
