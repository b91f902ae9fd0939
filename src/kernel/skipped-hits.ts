// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { release, version } from 'node:os';
import { readKernelConfig } from './kernel-config.ts';
import type { Preemption } from './preemption.ts';
import { readPreemption } from './preemption.ts';
import { readText } from './read-text.ts';

/**
 * Why a program on a trampoline (fentry, fexit, fmod_ret) can miss hits on this kernel, as the end of a sentence; undefined
 * when it misses none. Such programs carry a per-CPU recursion guard (bpf_prog_enter_recur): a hit of a task that has
 * preempted another inside of the program is skipped.
 */
export function whyHitsAreSkipped(preemption: Preemption = localPreemption()): string | undefined {
  const { model, source } = preemption;
  if (model === 'none' || model === 'voluntary') return undefined;
  return model === undefined
    ? 'whether hits can be skipped is unknown, the preemption model cannot be read'
    : `on a preemptible kernel ("${model}", says ${source}) some hits are skipped`;
}

function localPreemption(): Preemption {
  return readPreemption({
    debugfs: readText('/sys/kernel/debug/sched/preempt'),
    build: version(),
    commandLine: readFileSync('/proc/cmdline', 'utf8'),
    config: readKernelConfig(release()),
  });
}
