// SPDX-License-Identifier: Apache-2.0
import type { PolicyView } from './api/index.ts';
import type { LogOnce } from './base/log-once.ts';
import type { Logger } from './base/log.ts';
import type { Settings } from './base/settings.ts';
import type { Hook } from './events/hook.ts';
import type { HookRecord } from './events/hook-record.ts';
import type { Lineage } from './plan/follow.ts';
import type { Policy } from './policy/model.ts';
import type { PolicyProblem } from './policy/index.ts';
import { formatProblem, loadPolicyFiles } from './policy/index.ts';
import { ancestorsOf } from './process/process.ts';
import type { ProcessTable } from './process/table.ts';
import { PolicyRequests } from './react/policy-requests.ts';
import type { LoadedHook } from './sensor/hook-programs.ts';
import type { PolicyState } from './sensor/policy-sensor.ts';
import { PolicySensor } from './sensor/policy-sensor.ts';
import type { ProcessSensor } from './sensor/process-sensor.ts';
import { RunningKernel } from './sensor/running-kernel.ts';

/** The policies in force. A policy that cannot be used is reported and leaves the others alone. */
export class Policies {
  readonly #sensor: PolicySensor;
  readonly #requests: PolicyRequests;
  #problems: readonly PolicyProblem[] = [];

  constructor(process: ProcessSensor, settings: Settings, logOnce: LogOnce) {
    this.#sensor = new PolicySensor(process, new RunningKernel(), {
      requests: settings.allowPolicyRequests ? 'all' : 'cluster',
    });
    this.#requests = new PolicyRequests({ findHook: this.#sensor.findHook, logOnce });
  }

  get findHook(): PolicySensor['findHook'] {
    return this.#sensor.findHook;
  }

  /** What keeps policies from being in force, a sentence each. */
  get problems(): string[] {
    const refused = this.#problems.map(({ at, message }) => `${at.file}:${at.line}: ${message}`);
    const failed = this.#sensor.states.flatMap(({ policy, error }) =>
      error === undefined ? [] : [`Policy "${policy.name}" is not in force: ${error.message}`],
    );
    const { ownersProblem } = this.#sensor;
    const { dropped } = this.#requests.stats;
    return [
      ...refused,
      ...failed,
      ...(ownersProblem === undefined ? [] : [`Owners of sockets are not known: ${ownersProblem}`]),
      ...(dropped === 0 ? [] : [`${dropped} requests of policies (GetUrl, DnsLookup) were dropped`]),
    ];
  }

  /** Does what a hit's policies ask of the agent itself. */
  see(record: HookRecord): void {
    this.#requests.see(record);
  }

  /** Reads the files and makes what is good the set in force. */
  load(paths: readonly string[], log: Logger): void {
    const problems: PolicyProblem[] = [];
    const policies = loadPolicyFiles(paths, (problem) => problems.push(problem));
    this.#problems = problems;
    for (const problem of problems)
      log.error({ problem: formatProblem(problem).trimEnd() }, 'A policy cannot be used');
    for (const { policy, error } of this.#sensor.apply(policies)) {
      if (error === undefined) continue;
      const { at, message, remedy } = error;
      log.error(
        { policy: policy.name, at: `${at.file}:${at.line}:${at.column}`, reason: message, remedy },
        'A policy is not in force',
      );
    }
    const enabled = this.#sensor.states.filter(({ state }) => state === 'enabled').length;
    log.info(
      { enabled, refused: problems.length, failed: policies.length - enabled },
      'Policies are in force',
    );
  }

  /** Tells the hooks what living processes descend from; for rules with followChildren and followForks. */
  noteLineages(table: ProcessTable): void {
    this.#sensor.noteLineages(lineagesOf(table));
  }

  /** In the order in which they were loaded. */
  describe(): PolicyView[] {
    const hooks = this.#sensor.loadedHooks();
    return this.#sensor.states.map((state) => viewOf(state, hooks));
  }

  /** Kernel memory of the hooks' tables, bytes. */
  mapBytes(): number {
    return this.#sensor.loadedHooks().reduce((sum, { mapBytes }) => sum + mapBytes, 0);
  }

  close(): void {
    this.#requests.close();
    this.#sensor.close();
  }
}

function* lineagesOf(table: ProcessTable): Generator<Lineage> {
  for (const process of table.living()) {
    const line = [process, ...ancestorsOf(process)];
    yield {
      tgid: process.tgid,
      binaries: line.flatMap(({ image }) => (image === undefined ? [] : [image.binary])),
      tgids: line.map(({ tgid }) => tgid),
    };
  }
}

function viewOf({ policy, state, error }: PolicyState, hooks: readonly LoadedHook[]): PolicyView {
  const own = hooks.filter(({ hook }) =>
    hook.policies.some(({ name, namespace }) => name === policy.name && namespace === policy.namespace),
  );
  return {
    name: policy.name,
    namespace: policy.namespace ?? '',
    state,
    error: error === undefined ? '' : [error.message, error.remedy].filter(Boolean).join('\n'),
    // A share of what the policy has in common with others.
    kernelMemoryBytes: own.reduce(
      (sum, { mapBytes, hook }) => sum + Math.ceil(mapBytes / hook.policies.length),
      0,
    ),
    hooks: own.map(({ key, hook, info, suppressed }) => ({
      id: hook.id,
      attachedTo: key,
      policies: hook.policies.length,
      runs: info.runCount,
      runTimeNs: info.runTimeNs,
      suppressed: suppressedOf(policy, hook, suppressed()),
    })),
  };
}

/** Events of a policy's rules that rate limits have kept back. */
function suppressedOf({ name, namespace }: Policy, hook: Hook, byRule: ReadonlyMap<number, bigint>): bigint {
  let sum = 0n;
  for (const { firstRule, rules, ...policy } of hook.policies) {
    if (policy.name !== name || policy.namespace !== namespace) continue;
    for (let rule = firstRule; rule < firstRule + rules.length; rule++) sum += byRule.get(rule) ?? 0n;
  }
  return sum;
}
