// SPDX-License-Identifier: Apache-2.0
import type { CapabilityName } from '../kernel/capabilities.ts';
import { capabilityNames } from '../kernel/capabilities.ts';
import type { Diagnosis } from './index.ts';
import { explain } from './explain.ts';
import { isFit } from './judge.ts';
import { processCapabilities } from './process-capabilities.ts';

/** `merlon doctor -o json`: docs/json.md has its shape. What is unknown is null; no key is ever left out. */
export function toJson({ facts, verdicts }: Diagnosis, version: string): object {
  return {
    version,
    ok: isFit(verdicts),
    kernel: {
      release: facts.release,
      build: facts.build,
      architecture: facts.architecture,
      cpus: facts.cpus,
      clocksource: facts.clocksource ?? null,
      preemption: facts.preemption.model ?? null,
      preemption_source: facts.preemption.source,
      btf: facts.btf,
      config_source: facts.config.source ?? null,
      lsm: facts.lsm ?? null,
      lockdown: facts.lockdown ?? null,
      sysctls: orNull(dotted(facts.sysctls)),
      mounts: orNull(facts.mounts),
    },
    process: {
      uid: facts.process.uid,
      capabilities: facts.process.capabilities,
      missing_capabilities: processCapabilities.filter((name) => !facts.process.capabilities.includes(name)),
      host_pid_namespace: facts.process.hostPidNamespace,
      host_user_namespace: facts.process.hostUserNamespace,
    },
    capabilities: capabilityNames.map((name) => describeTrial(name, { facts, verdicts })),
    features: verdicts.map(({ name, implemented, essential, state, by, explanations }) => ({
      name,
      implemented,
      essential,
      state,
      by: by ?? null,
      reasons: explanations.map(({ reason }) => reason),
      remedies: [...new Set(explanations.flatMap(({ remedy }) => remedy ?? []))],
    })),
  };
}

function describeTrial(name: CapabilityName, { facts }: Diagnosis): object {
  const { group, tried, available, errno, message } = facts.trials[name];
  const explanation = available === true ? undefined : explain(name, facts);
  return {
    name,
    group,
    tried,
    available: available ?? null,
    errno: errno ?? null,
    message: message ?? null,
    reason: explanation?.reason ?? null,
    remedy: explanation?.remedy ?? null,
  };
}

function orNull(values: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value ?? null]));
}

/** As sysctl(8) writes the names. */
function dotted(sysctls: Readonly<Record<string, number | undefined>>): Record<string, number | undefined> {
  return Object.fromEntries(
    Object.entries(sysctls).map(([path, value]) => [path.replaceAll('/', '.'), value]),
  );
}
