// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { AgentError, ErrorCode } from '../base/errors.ts';
import type { Facts } from './facts.ts';
import { gatherFacts } from './facts.ts';
import { features } from './features.ts';
import type { Verdict } from './judge.ts';
import { judge } from './judge.ts';
import { observe } from './observe.ts';
import { effectiveCapabilities } from './process-capabilities.ts';

export { isFit } from './judge.ts';
export { toJson } from './json.ts';
export { describe } from './report.ts';

export interface Diagnosis {
  readonly facts: Facts;
  readonly verdicts: readonly Verdict[];
}

/**
 * Tries what this kernel offers and judges each feature by it. Nothing that is tried stays. Throws ERR_PRIVILEGE when this
 * process may not use eBPF at all, since the kernel would then refuse everything for that one reason.
 */
export function diagnose(): Diagnosis {
  const capabilities = effectiveCapabilities(readFileSync('/proc/self/status', 'utf8'));
  if (!capabilities.includes('CAP_BPF') && !capabilities.includes('CAP_SYS_ADMIN'))
    throw new AgentError(ErrorCode.Privilege, 'Cannot try what this kernel offers without CAP_BPF', {
      remedy: 'Run "merlon doctor" as root.',
    });
  const facts = gatherFacts(observe());
  return { facts, verdicts: features.map((feature) => judge(feature, facts)) };
}
