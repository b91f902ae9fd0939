// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Facts } from './facts.ts';
import { features } from './features.ts';
import { judge } from './judge.ts';
import { toJson } from './json.ts';
import { effectiveCapabilities } from './process-capabilities.ts';
import { describe } from './report.ts';
import { rows } from './rows.ts';
import { testFacts } from './testing.ts';

const diagnose = (facts: Facts) => ({ facts, verdicts: features.map((feature) => judge(feature, facts)) });
const options = { version: '1.2.3', color: false, width: 100 };
const poor = testFacts(
  { fentry: 'EPERM', lsm: 'EPERM', fmod_ret: 'EPERM', kprobe: 'EOPNOTSUPP', netkit: '' },
  { lockdown: 'integrity', mounts: { ...testFacts().mounts, tracefs: undefined } },
);

test('the report keeps to its width', () => {
  const lines = describe(diagnose(poor), options).split('\n');
  assert.ok(lines.length > 40);
  for (const line of lines) assert.ok(line.length <= 100, line);
});

test('equal remedies are one, and each reason refers to its own', () => {
  const text = describe(diagnose(poor), options);
  const [, remedies = ''] = text.split('REMEDIES\n');
  assert.equal(remedies.match(/Boot with lockdown=none/g)?.length, 1);
  const number = /^ {2}(\d+) +Boot with lockdown=none/m.exec(remedies)?.[1];
  assert.match(
    text.replace(/\s+/g, ' '),
    new RegExp(`lsm: this kernel does not let [^[]*\\[${String(number)}\\]`),
  );
});

test('colour only when asked for', () => {
  assert.doesNotMatch(describe(diagnose(poor), options), /\x1b/);
  assert.match(describe(diagnose(poor), { ...options, color: true }), /\x1b\[32mready/);
});

test('the JSON form leaves no key out, and tells what is unknown as null', () => {
  const rich = toJson(diagnose(testFacts()), '1') as Record<string, unknown>;
  const unknown = toJson(diagnose(testFacts({ lsm: '' }, { lsm: undefined, lockdown: undefined })), '1');
  assert.deepEqual(Object.keys(rich), ['version', 'ok', 'kernel', 'process', 'capabilities', 'features']);
  const text = JSON.parse(JSON.stringify(unknown)) as {
    kernel: Record<string, unknown>;
    capabilities: Record<string, unknown>[];
  };
  assert.deepEqual(Object.keys(text.kernel), Object.keys(rich.kernel as object));
  assert.equal(text.kernel.lsm, null);
  assert.equal(text.capabilities.find(({ name }) => name === 'lsm')?.available, null);
});

test('rows are wrapped at words and aligned; a list item hangs', () => {
  const text = rows(
    [
      ['a', '- one two three four five six'],
      ['long', 'x'],
    ],
    24,
  );
  assert.equal(text, '  a     - one two three four\n          five six\n  long  x\n');
});

test('effective capabilities', () => {
  assert.deepEqual(effectiveCapabilities('CapPrm:\tffff\nCapEff:\t000000c000200000\n'), [
    'CAP_SYS_ADMIN',
    'CAP_PERFMON',
    'CAP_BPF',
  ]);
});
