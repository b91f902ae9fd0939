// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseKernelConfig } from './kernel-config.ts';
import type { PreemptionSources } from './preemption.ts';
import { readPreemption } from './preemption.ts';

const NOTHING: PreemptionSources = {
  debugfs: undefined,
  build: '#1 SMP PREEMPT_DYNAMIC Debian',
  commandLine: 'quiet\n',
  config: { source: undefined, options: undefined },
};
const built = (text: string): Partial<PreemptionSources> => ({
  config: { source: '/boot/config', options: parseKernelConfig(text) },
});

const CASES: [title: string, sources: Partial<PreemptionSources>, model: string | undefined][] = [
  ['the scheduler', { debugfs: 'none (voluntary) full' }, 'voluntary'],
  ['the scheduler before the command line', { debugfs: '(full) lazy', commandLine: 'preempt=none' }, 'full'],
  ['the command line, the last one', { commandLine: 'preempt=none a preempt=full\n' }, 'full'],
  ['no choice without a dynamic build', { build: '#1 SMP PREEMPT', commandLine: 'preempt=none' }, 'full'],
  ['another word that ends so', { commandLine: 'nopreempt=full', ...built('CONFIG_PREEMPT_NONE=y') }, 'none'],
  ['the configuration', built('CONFIG_PREEMPT_BUILD=y\nCONFIG_PREEMPT_VOLUNTARY=y\n'), 'voluntary'],
  ['the configuration of a full one', built('CONFIG_PREEMPT=y\n# CONFIG_PREEMPT_NONE is not set\n'), 'full'],
  ['real time', { build: '#1 SMP PREEMPT_RT', debugfs: '(none)' }, 'rt'],
  ['lazy', built('CONFIG_PREEMPT_LAZY=y'), 'lazy'],
  ['nothing tells', {}, undefined],
];

for (const [title, sources, model] of CASES) {
  test(`preemption: ${title}`, () => {
    assert.equal(readPreemption({ ...NOTHING, ...sources }).model, model);
  });
}

test('a kernel configuration', () => {
  const text = '# CONFIG_A is not set\nCONFIG_B=y\nCONFIG_C=m\nCONFIG_LSM="landlock,bpf"\n';
  assert.deepEqual(parseKernelConfig(text), { CONFIG_B: 'y', CONFIG_C: 'm', CONFIG_LSM: 'landlock,bpf' });
});
