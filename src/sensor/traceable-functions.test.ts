// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTraceableFunctions } from './traceable-functions.ts';

test('the kernel’s own functions, each once and in order', () => {
  const text =
    'ksys_write\n__ftrace_invalid_address___16\nksys_read\nksys_read\next4_open [ext4]\nksys_module [m]\n';
  assert.deepEqual(parseTraceableFunctions(text), ['ksys_read', 'ksys_write']);
  assert.deepEqual(parseTraceableFunctions(''), []);
});
