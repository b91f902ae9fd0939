// SPDX-License-Identifier: Apache-2.0
// Started by observe.ts; with "isolated" it is alone in its mount and network namespaces. Prints an Answer.
import { existsSync } from 'node:fs';
import { AgentError } from '../base/errors.ts';
import { addon } from '../kernel/addon.ts';
import { BpfError } from '../kernel/bpf-error.ts';
import { Capabilities, capabilityNames } from '../kernel/capabilities.ts';
import type { Answer, Observation } from './observation.ts';
import { readText } from '../kernel/read-text.ts';

process.stdout.write(JSON.stringify(answer(process.argv[2] === 'isolated')));

function answer(isolated: boolean): Answer {
  try {
    return { observation: observe(isolated) };
  } catch (error) {
    const { code, message, remedy } = AgentError.from(error);
    return { failure: { code, message, ...(remedy === undefined ? {} : { remedy }) } };
  }
}

function observe(isolated: boolean): Observation {
  if (isolated) {
    mountPrivately('securityfs', '/sys/kernel/security', 'lsm');
    mountPrivately('debugfs', '/sys/kernel/debug', 'sched');
    mountPrivately('tracefs', '/sys/kernel/tracing', 'events');
  }
  const capabilities = new Capabilities({ privateNetwork: isolated });
  const trials = Object.fromEntries(capabilityNames.map((name) => [name, capabilities.trial(name)]));
  return {
    trials: trials as Observation['trials'],
    lsm: readText('/sys/kernel/security/lsm')?.split(','),
    lockdown: readLockdown(),
    preempt: readText('/sys/kernel/debug/sched/preempt'),
  };
}

/** Unless it is there. After a refusal its files stay unreadable, which is what the observation then says. */
function mountPrivately(type: string, target: string, sample: string): void {
  if (existsSync(`${target}/${sample}`)) return;
  try {
    addon.mountFs(type, target);
  } catch (error) {
    if (!(error instanceof BpfError)) throw error;
  }
}

/** "[none] integrity confidentiality": the present level is in brackets. Without that module nothing is locked down. */
function readLockdown(): string | undefined {
  const text = readText('/sys/kernel/security/lockdown');
  if (text !== undefined) return /\[(\w+)\]/.exec(text)?.[1];
  return existsSync('/sys/kernel/security/lsm') ? 'none' : undefined;
}
