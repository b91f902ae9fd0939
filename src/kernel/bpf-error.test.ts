// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { AgentError } from '../base/errors.ts';
import { BpfError } from './bpf-error.ts';

test('carries what the addon knows, and a remedy by errno', () => {
  const detail = { errno: 1, errnoName: 'EPERM', program: 'exec', verifierLog: 'R1 invalid' };
  const error = new BpfError('Cannot load', { code: 'ERR_BPF_LOAD', ...detail });
  assert.ok(error instanceof AgentError);
  assert.equal(error.code, 'ERR_BPF_LOAD');
  assert.match(error.remedy ?? '', /root/);
  const { errno, errnoName, program, verifierLog, map } = error;
  assert.deepEqual({ errno, errnoName, program, verifierLog }, detail);
  assert.equal(map, undefined);
});

test('an errno without advice has no remedy', () => {
  const error = new BpfError('Cannot use', { code: 'ERR_BPF', errno: 9, errnoName: 'EBADF' });
  assert.equal(error.code, 'ERR_BPF');
  assert.equal(error.remedy, undefined);
});
