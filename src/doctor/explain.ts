// SPDX-License-Identifier: Apache-2.0
import type { CapabilityName } from '../kernel/capabilities.ts';
import type { Facts } from './facts.ts';
import type { ProcessCapability } from './process-capabilities.ts';
import { requirements } from './requirements.ts';

/** Why something is missing or weaker, and what to do about it. */
export interface Explanation {
  /** a phrase that may follow a name and a colon */
  readonly reason: string;
  /** one sentence; absent where nothing can be done or needs to be */
  readonly remedy?: string;
}

/**
 * Why a capability is not there. What this process may do is looked at first, then what the kernel is, then how it was
 * built; what none of them explains is told as the kernel put it.
 */
export function explain(name: CapabilityName, facts: Facts): Explanation {
  const trial = facts.trials[name];
  const { since, config = [], process = [], trampoline } = requirements[name];
  if (trial.available === undefined)
    return { reason: trial.message ?? 'not tried', ...isolationRemedy(facts) };

  const lacking = missingCapabilities(['CAP_BPF', ...process], facts);
  if (lacking.length > 0 && (trial.errno === 'EPERM' || trial.errno === 'EACCES'))
    return {
      reason: `this process lacks ${listed(lacking)}`,
      remedy: `Run as root, or give the process ${listed(lacking)}.`,
    };
  if (since !== undefined && isOlder(facts.release, since))
    return { reason: `comes with Linux ${since}`, remedy: `Use Linux ${since} or later.` };
  const unset = facts.config.options === undefined ? [] : config.filter((option) => !isSet(option, facts));
  if (unset.length > 0)
    return {
      reason: `this kernel was built without ${listed(unset)}`,
      remedy: `Use a kernel built with ${listed(unset.map((option) => `${option}=y`))}.`,
    };
  if (facts.lockdown === 'confidentiality' && process.includes('CAP_PERFMON')) return confidential;
  if (name === 'tracepoint' && facts.mounts.tracefs === undefined) return noTracefs;
  if (trampoline && trial.errno === 'EPERM') return explainTrampoline(facts);
  return {
    reason: `the kernel refuses it (${trial.errno ?? 'no errno'})`,
    remedy: adviseOnRefusal(config, facts),
  };
}

/** LOCKDOWN_BPF_READ_KERNEL, LOCKDOWN_KPROBES, LOCKDOWN_PERF, LOCKDOWN_TRACEFS: include/linux/security.h. */
const confidential: Explanation = {
  reason: 'lockdown "confidentiality" keeps programs from reading the kernel',
  remedy: 'Boot with lockdown=integrity or lockdown=none on the kernel command line.',
};

/** The kernel looks the numbers of tracepoints up nowhere else. */
export const noTracefs: Explanation = {
  reason: 'tracefs is not mounted',
  remedy: 'Mount it: mount -t tracefs tracefs /sys/kernel/tracing.',
};

function adviseOnRefusal(config: readonly string[], facts: Facts): string {
  if (!facts.process.capabilities.includes('CAP_SYS_ADMIN'))
    return 'Run with CAP_SYS_ADMIN, without which a kernel refuses more than the other capabilities suggest.';
  const report = 'Report it with the output of "merlon doctor -o json"';
  if (facts.config.options !== undefined || config.length === 0) return `${report}.`;
  return `Check that the kernel was built with ${listed(config)}; if so, r${report.slice(1)}.`;
}

function explainTrampoline({ lockdown }: Facts): Explanation {
  const state = lockdown === undefined ? '' : `; lockdown is "${lockdown}"`;
  const reason = `this kernel does not let its functions be patched (EPERM${state})`;
  const locked = lockdown !== undefined && lockdown !== 'none';
  return {
    reason,
    remedy: locked
      ? 'Boot with lockdown=none; if that changes nothing, the kernel or its hypervisor forbids it: use a distribution kernel.'
      : 'The kernel or its hypervisor forbids it: use a distribution kernel on a machine that allows it.',
  };
}

/** Those that are neither held nor implied by CAP_SYS_ADMIN (include/linux/capability.h: bpf_capable, perfmon_capable). */
function missingCapabilities(needed: readonly ProcessCapability[], facts: Facts): ProcessCapability[] {
  const held = new Set(facts.process.capabilities);
  return needed.filter((name) => !held.has(name) && (name === 'CAP_NET_ADMIN' || !held.has('CAP_SYS_ADMIN')));
}

function isolationRemedy({ process, mounts }: Facts): { remedy?: string } {
  if (!process.capabilities.includes('CAP_SYS_ADMIN'))
    return { remedy: 'Run "merlon doctor" as root with CAP_SYS_ADMIN.' };
  if (mounts.cgroup2 === undefined) return { remedy: 'Mount it: mount -t cgroup2 cgroup2 /sys/fs/cgroup.' };
  return { remedy: 'Install unshare(1) of util-linux, and run where namespaces are allowed.' };
}

function isSet(option: string, { config }: Facts): boolean {
  const value = config.options?.[option];
  return value === 'y' || value === 'm';
}

/** "a, b and c" */
export function listed(words: readonly string[]): string {
  return [words.slice(0, -1).join(', '), ...words.slice(-1)].filter(Boolean).join(' and ');
}

/** Whether a release ("6.1.0-56-cloud-amd64") comes before a version ("6.6"). */
export function isOlder(release: string, version: string): boolean {
  const [major = 0, minor = 0] = release.split(/[.-]/).map(Number);
  const [wantedMajor = 0, wantedMinor = 0] = version.split('.').map(Number);
  return major < wantedMajor || (major === wantedMajor && minor < wantedMinor);
}
