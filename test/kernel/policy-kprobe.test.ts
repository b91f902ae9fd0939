// SPDX-License-Identifier: Apache-2.0
// Functions and system calls on a kernel whose trampolines are not there: by kprobe, kretprobe and the tracepoint sys_exit.
import { pathToFileURL } from 'node:url';
import { resolve } from 'node:path';
import type { PolicyCase, Stage } from './policy/case.ts';
import { functionCases } from './policy/functions.ts';
import { syscallCases } from './policy/syscalls.ts';
import { describeCases } from './support/policy-suite.ts';
import { requires } from './support/requirements.ts';

/** Everything but LSM hooks, which are trampolines themselves. */
function cases(stage: Stage): PolicyCase[] {
  return [...functionCases(stage), ...syscallCases(stage)]
    .filter(({ needs = [] }) => !needs.includes('bpfLsm'))
    .map((each) => ({ ...each, needs: [] }));
}

const preload = pathToFileURL(resolve(import.meta.dirname, 'support/no-trampolines.ts')).href;

describeCases({
  title: 'policies by kprobe',
  cases,
  skip: requires('root', 'btf', 'kprobes'),
  environment: { NODE_OPTIONS: `--import=${preload}` },
});
