// SPDX-License-Identifier: Apache-2.0
/** Events of policies: an agent that runs with policies of the test's own, and what it wrote of a process. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Agent, isOurs, Places } from './agent.ts';
import { eventually } from './wait.ts';

/** An argument as the export file has it: what kind it is, and its value. */
export type HookArgument = Record<string, unknown> & { label?: string };

export interface HookEvent {
  /** such as process_uprobe */
  readonly type: string;
  readonly process: { pid: number; binary: string };
  readonly policy_name: string;
  readonly args?: HookArgument[];
  readonly data?: HookArgument[];
  readonly [field: string]: unknown;
}

const HOOK_EVENT = /^\{"process_(?:kprobe|tracepoint|uprobe|usdt|lsm|loader)"/;

/** Starts an agent with these policies, each a YAML document, and further flags. */
export async function startWithPolicies(
  policies: readonly string[],
  flags: readonly string[] = [],
): Promise<Agent> {
  const places = new Places();
  const file = join(places.directory, 'policies.yaml');
  writeFileSync(file, policies.join('\n---\n'));
  return await Agent.start({
    places,
    flags: ['--policy', file, ...flags],
    wanted: (line) => isOurs(line) && !HOOK_EVENT.test(line),
  });
}

/** The events of policies so far, in the order of their coming. */
export function hookEvents(agent: Agent): HookEvent[] {
  const lines = readFileSync(agent.places.exportFile, 'utf8').split('\n').slice(0, -1);
  return lines
    .filter((line) => HOOK_EVENT.test(line))
    .map((line) => {
      const parsed = JSON.parse(line) as Record<string, HookEvent>;
      const [type = '', event] = Object.entries(parsed)[0] ?? [];
      return { ...(event as HookEvent), type, merlon: parsed.merlon };
    });
}

/** Waits until a policy has as many events of a process as `count`; gives all that it then has of it. */
export async function hookEventsOf(
  agent: Agent,
  policy: string,
  pid: number,
  count = 1,
): Promise<HookEvent[]> {
  return await eventually(`${count} events of policy ${policy} for pid ${pid}`, () => {
    const found = hookEvents(agent).filter(
      (event) => event.policy_name === policy && event.process.pid === pid,
    );
    return found.length >= count ? found : undefined;
  });
}

export interface PolicyFailure {
  readonly policy: string;
  readonly reason: string;
  readonly remedy?: string;
}

/** Why policies are not in force, as the log has it. */
export function policyFailures(agent: Agent): PolicyFailure[] {
  return agent
    .log()
    .filter(({ msg }) => msg === 'A policy is not in force')
    .map((line) => line as unknown as PolicyFailure);
}
