// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { AgentError, ErrorCode } from './errors.ts';

test('every code has an entry in docs/errors.md, and none is there without a code', () => {
  const text = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');
  const documented = [...text.matchAll(/^\| `(ERR_\w+)`/gm)].map((match) => match[1]);
  assert.deepEqual(documented.sort(), Object.values(ErrorCode).sort());
});

test('any caught value becomes an AgentError, one that is one stays', () => {
  const known = new AgentError(ErrorCode.Sink, 'Cannot open', { remedy: 'Free the disk.' });
  assert.equal(AgentError.from(known), known);
  assert.equal(AgentError.from(new TypeError('x')).code, ErrorCode.Internal);
  assert.ok(AgentError.from(new TypeError('x')).cause instanceof TypeError);
  assert.equal(AgentError.from(null).message, 'null');
});
