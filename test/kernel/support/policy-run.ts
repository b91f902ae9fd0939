// SPDX-License-Identifier: Apache-2.0
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Agent, Places } from './agent.ts';
import type { ExportedProcess } from './events.ts';

/** An event of a policy's hook as the export file has it. */
export interface HookExport {
  readonly process: ExportedProcess;
  readonly args: Record<string, unknown>[];
  readonly action: string;
  readonly policy_name: string;
  readonly time: string;
  readonly ima_hash?: string;
  readonly merlon: {
    readonly unreadable?: readonly string[];
    readonly verdict?: string;
    readonly error?: number;
    readonly sock_owner?: { readonly exec_id: string; readonly pid: number };
  };
}

const KINDS = ['process_kprobe', 'process_tracepoint', 'process_lsm', 'process_uprobe', 'process_usdt'];

/**
 * Runs `act` while an agent of its own has `policy` (YAML) in force. Returns every event of its hooks. Throws when the agent
 * refuses a policy or loses events.
 */
export async function runWithPolicy(policy: string, act: () => Promise<unknown>): Promise<HookExport[]> {
  const places = new Places();
  const path = join(places.directory, 'policy.yaml');
  writeFileSync(path, policy);
  const agent = await Agent.start({ places, flags: ['--policy', path], wanted: () => false });
  try {
    const refused = agent.log().filter(({ msg }) => msg.startsWith('A policy '));
    if (refused.length > 0) throw new Error(JSON.stringify(refused));
    await act();
    await agent.stop();
    if (agent.events.lost > 0) throw new Error(`${agent.events.lost} events were lost`);
    return hookExports(places);
  } finally {
    await agent.dispose();
  }
}

/** The events of hooks that an agent has exported. */
export function hookExports({ exportFile }: Places): HookExport[] {
  return readFileSync(exportFile, 'utf8').split('\n').flatMap(readHook);
}

function readHook(line: string): HookExport[] {
  const kind = KINDS.find((name) => line.startsWith(`{"${name}"`));
  if (kind === undefined) return [];
  const event = JSON.parse(line) as Record<string, object>;
  return [{ ...event[kind], time: event.time, merlon: event.merlon } as unknown as HookExport];
}
