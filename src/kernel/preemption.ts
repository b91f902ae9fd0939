// SPDX-License-Identifier: Apache-2.0
import type { KernelConfig } from './kernel-config.ts';

/** `rt` is PREEMPT_RT; `lazy` exists since 6.13. */
export type PreemptionModel = 'none' | 'voluntary' | 'full' | 'lazy' | 'rt';

export interface Preemption {
  /** undefined when nothing tells */
  readonly model: PreemptionModel | undefined;
  /** what told it, for people */
  readonly source: string;
}

export interface PreemptionSources {
  /** text of /sys/kernel/debug/sched/preempt: every model, the present one in parentheses */
  readonly debugfs: string | undefined;
  /** uname -v */
  readonly build: string;
  readonly commandLine: string;
  readonly config: KernelConfig;
}

const DEFAULTS: readonly (readonly [string, PreemptionModel])[] = [
  ['CONFIG_PREEMPT_NONE', 'none'],
  ['CONFIG_PREEMPT_VOLUNTARY', 'voluntary'],
  ['CONFIG_PREEMPT_LAZY', 'lazy'],
  ['CONFIG_PREEMPT', 'full'],
];

/**
 * How a task inside the kernel can be preempted. The scheduler tells where debugfs can be read, and only there shows a
 * change after boot. Otherwise: chosen at boot (`preempt=`) when the build says PREEMPT_DYNAMIC, else as configured.
 */
export function readPreemption({ debugfs, build, commandLine, config }: PreemptionSources): Preemption {
  if (/\bPREEMPT_RT\b/.test(build)) return { model: 'rt', source: 'the kernel build' };
  const present = /\((none|voluntary|full|lazy)\)/.exec(debugfs ?? '')?.[1];
  if (present !== undefined) return { model: present as PreemptionModel, source: 'the scheduler' };
  const dynamic = /\bPREEMPT_DYNAMIC\b/.test(build);
  const chosen = [...commandLine.matchAll(/(?:^|\s)preempt=(none|voluntary|full|lazy)(?=\s|$)/g)].at(-1)?.[1];
  if (dynamic && chosen !== undefined)
    return { model: chosen as PreemptionModel, source: 'the kernel command line' };
  const configured = DEFAULTS.find(([option]) => config.options?.[option] === 'y')?.[1];
  if (configured !== undefined) return { model: configured, source: 'the kernel configuration' };
  if (!dynamic && /\bPREEMPT\b/.test(build)) return { model: 'full', source: 'the kernel build' };
  return { model: undefined, source: 'nothing that can be read' };
}
