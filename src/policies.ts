// SPDX-License-Identifier: Apache-2.0
import { closeSync } from 'node:fs';
import { setTimeout as setTimeoutPromise } from 'node:timers/promises';
import type { AddedPolicy, HowToAdd, PolicyView } from './api/index.ts';
import type { LogOnce } from './base/log-once.ts';
import type { Logger } from './base/log.ts';
import type { Settings } from './base/settings.ts';
import type { HookRecord } from './events/hook-record.ts';
import { lineagesOf } from './lineages.ts';
import { compareSets, type SetChanges } from './plan/compare-sets.ts';
import { policyEnforces } from './plan/plan-enforcement.ts';
import type { Policy } from './policy/model.ts';
import type { PolicyProblem, PolicyText } from './policy/index.ts';
import { addon } from './kernel/addon.ts';
import { formatProblem, loadPolicyFiles, loadPolicyTexts } from './policy/index.ts';
import { sinceThen, viewPolicies } from './policy-view.ts';
import type { ProcessTable } from './process/table.ts';
import { PolicyRequests } from './react/policy-requests.ts';
import type { Mode } from './sensor/policy-modes.ts';
import { PolicyPins } from './sensor/policy-pins.ts';
import { PolicyRefusal } from './sensor/policy-refusal.ts';
import { PolicySensor } from './sensor/policy-sensor.ts';
import type { PolicyName } from './sensor/policy-set.ts';
import { PolicySet } from './sensor/policy-set.ts';
import type { ProcessSensor } from './sensor/process-sensor.ts';
import { RunningKernel } from './sensor/running-kernel.ts';

/** Of policies from files. */
const FILES_DOMAIN = 'static';
/** Of policies that a client adds, unless it names another. */
const CLIENTS_DOMAIN = 'grpc';

/** Processes that began while a change was made are known after this time; their records are on their way meanwhile. */
const LATE_LINEAGES_MS = 500;

/** The policies in force. A policy that cannot be used is reported and leaves the others alone. */
export class Policies {
  readonly #kernel = new RunningKernel();
  readonly #sensor: PolicySensor;
  readonly #set: PolicySet;
  readonly #requests: PolicyRequests;
  readonly #table: ProcessTable;
  readonly #log: Logger;
  readonly #onChange: (enforces: boolean) => void;
  #lateLineages: NodeJS.Timeout | undefined;
  #problems: readonly PolicyProblem[] = [];

  /** `onChange` is told after each change whether a policy in force denies or signals. */
  constructor(
    process: ProcessSensor,
    table: ProcessTable,
    settings: Settings,
    log: Logger,
    logOnce: LogOnce,
    onChange: (enforces: boolean) => void,
  ) {
    const { bpfDir, keep } = settings;
    this.#sensor = new PolicySensor(
      process,
      this.#kernel,
      { requests: settings.allowPolicyRequests ? 'all' : 'cluster' },
      PolicyPins.open({ bpfDir, keep, warn: (message, fields) => log.warn(fields, message) }),
    );
    this.#set = new PolicySet(this.#sensor, settings);
    this.#requests = new PolicyRequests({ findHook: this.#sensor.findHook, logOnce });
    this.#table = table;
    this.#log = log;
    this.#onChange = onChange;
  }

  get findHook(): PolicySensor['findHook'] {
    return this.#sensor.findHook;
  }

  /** What keeps policies from being in force, a sentence each. */
  get problems(): string[] {
    const refused = this.#problems.map(({ at, message }) => `${at.file}:${at.line}: ${message}`);
    const failed = this.#set.entries.flatMap(({ policy, error }) =>
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
  load(paths: readonly string[]): void {
    const problems: PolicyProblem[] = [];
    const policies = loadPolicyFiles(paths, (problem) => problems.push(problem));
    this.#problems = problems;
    for (const problem of problems)
      this.#log.error({ problem: formatProblem(problem).trimEnd() }, 'A policy cannot be used');
    this.#set.begin(policies, FILES_DOMAIN);
    for (const { policy, error } of this.#set.entries) {
      if (error === undefined) continue;
      const { at, message, remedy } = error;
      this.#log.error(
        { policy: policy.name, at: `${at.file}:${at.line}:${at.column}`, reason: message, remedy },
        'A policy is not in force',
      );
    }
    const enabled = this.#set.entries.filter(({ state }) => state === 'enabled').length;
    this.#log.info(
      { enabled, refused: problems.length, failed: policies.length - enabled },
      'Policies are in force',
    );
    this.#onChange(this.#enforces);
  }

  /**
   * Adds the policies of `texts`: all are in force when it returns, or a PolicyRefusal tells every problem and nothing has
   * changed. An empty domain is that of clients.
   */
  add(texts: readonly PolicyText[], { domain, ...how }: HowToAdd): AddedPolicy[] {
    const policies = readTexts(texts);
    const known = new Set(this.#set.entries.map(({ policy }) => fullName(policy)));
    this.#set.add(policies, domain === '' ? CLIENTS_DOMAIN : domain, how);
    this.#changed('added', policies.map(fullName));
    return policies.map((policy) => ({
      namespace: policy.namespace ?? '',
      name: policy.name,
      replaced: known.has(fullName(policy)),
    }));
  }

  /** What would become of the policies in force if those of `texts` took their place. */
  compare(texts: readonly PolicyText[]): SetChanges {
    const policies = readTexts(texts);
    const inForce = this.#set.entries.filter(({ state }) => state === 'enabled');
    return compareSets(this.#sensor.plan(inForce.map(({ policy }) => policy)), this.#sensor.plan(policies));
  }

  delete(name: PolicyName): void {
    this.#set.delete(name);
    this.#changed('deleted', [fullName(name)]);
  }

  enable(name: PolicyName): void {
    this.#set.enable(name);
    this.#changed('enabled', [fullName(name)]);
  }

  disable(name: PolicyName): void {
    this.#set.disable(name);
    this.#changed('disabled', [fullName(name)]);
  }

  setMode(name: PolicyName, mode: Mode): void {
    this.#set.setMode(name, mode);
    this.#changed(mode === 'enforce' ? 'set to enforce' : 'set to monitor', [fullName(name)]);
  }

  /** Tells the hooks what living processes descend from; for rules with followChildren and followForks. */
  noteLineages(): void {
    this.#sensor.noteLineages(lineagesOf(this.#table));
  }

  /** In the order in which they were put in force. */
  describe(): PolicyView[] {
    return viewPolicies(this.#set.entries, this.#sensor.loadedHooks(), this.#sensor.counts(), this.#kernel);
  }

  /** As describe(), with the runs and their time of the `durationMs` from now on. */
  async measure(durationMs: number): Promise<PolicyView[]> {
    const fd = addon.enableRunStatistics();
    try {
      const before = this.#sensor.loadedHooks();
      await setTimeoutPromise(durationMs);
      const hooks = sinceThen(this.#sensor.loadedHooks(), before);
      return viewPolicies(this.#set.entries, hooks, this.#sensor.counts(), this.#kernel);
    } finally {
      closeSync(fd);
    }
  }

  /** Kernel memory of the hooks' tables, bytes. */
  mapBytes(): number {
    return this.#sensor.loadedHooks().reduce((sum, { mapBytes }) => sum + mapBytes, 0);
  }

  /** With `keep` the policies stay in force when the agent ends. */
  close(keep: boolean): void {
    clearTimeout(this.#lateLineages);
    this.#requests.close();
    this.#sensor.close(keep);
  }

  get #enforces(): boolean {
    return this.#set.entries.some(
      ({ policy, state, mode }) => state === 'enabled' && mode === 'enforce' && policyEnforces(policy),
    );
  }

  #changed(change: string, policies: readonly string[]): void {
    this.#log.info({ change, policies }, 'Policies were changed');
    this.#onChange(this.#enforces);
    this.noteLineages();
    clearTimeout(this.#lateLineages);
    this.#lateLineages = setTimeout(() => this.noteLineages(), LATE_LINEAGES_MS);
  }
}

/** Throws a PolicyRefusal that tells every problem. */
function readTexts(texts: readonly PolicyText[]): Policy[] {
  const problems: PolicyProblem[] = [];
  const policies = loadPolicyTexts(texts, (problem) => problems.push(problem));
  if (problems.length > 0) throw new PolicyRefusal('invalid', problems);
  return policies;
}

function fullName({ namespace, name }: { namespace?: string | undefined; name: string }): string {
  return namespace === undefined || namespace === '' ? name : `${namespace}/${name}`;
}
