// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AgentError, ErrorCode } from './errors.ts';
import { LogOnce } from './log-once.ts';
import { createLogger } from './log.ts';

function recorder(level: 'info' | 'debug' = 'info') {
  const lines: Record<string, unknown>[] = [];
  const log = createLogger(level, {
    write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>),
  });
  return { lines, log };
}

test('a line has an ISO time, the name of the level, the message and the fields', () => {
  const { lines, log } = recorder();
  log.debug('not shown');
  log.info({ programs: 3 }, 'Loaded');
  assert.equal(lines.length, 1);
  assert.match(String(lines[0]?.time), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  assert.deepEqual({ ...lines[0], time: 0 }, { level: 'info', time: 0, programs: 3, msg: 'Loaded' });
});

test('an agent error keeps code, remedy and cause and shows no stack', () => {
  const { lines, log } = recorder();
  const cause = new AgentError(ErrorCode.Kernel, 'No BTF');
  log.error(
    { err: new AgentError(ErrorCode.BpfLoad, 'Cannot load', { remedy: 'Do this.', cause }) },
    'Failed',
  );
  assert.deepEqual(lines[0]?.err, {
    code: 'ERR_BPF_LOAD',
    message: 'Cannot load',
    remedy: 'Do this.',
    cause: { code: 'ERR_KERNEL', message: 'No BTF' },
  });
});

test('a repeated cause is logged once and then counted, and the number of causes is bounded', () => {
  const { lines, log } = recorder();
  const once = new LogOnce(log, { causes: 2 });
  for (let i = 0; i < 5; i++) once.warn('a', 'Message a', { first: i });
  once.error('b', 'Message b');
  once.warn('c', 'Message c');
  once.warn('d', 'Message d');
  once.close();
  assert.deepEqual(
    lines.map(({ cause, first, repeated }) => [cause, first, repeated]),
    [
      ['a', 0, undefined],
      ['b', undefined, undefined],
      ['a', undefined, 4],
      ['(other)', undefined, 2],
    ],
  );
  once.close();
  assert.equal(lines.length, 4);
});
