// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';

/** An event of a policy as far as tests of examples look at it. */
export interface ShownEvent {
  readonly policy: string;
  /** of the process and its ancestors */
  readonly pids: readonly number[];
  /** whether something that was compared could not be read, so that the policy may not be about this event */
  readonly unreadable: boolean;
  readonly line: string;
}

interface Body {
  readonly process: { readonly exec_id: string; readonly pid: number };
  readonly policy_name?: string;
}

interface Line {
  readonly merlon?: {
    readonly ancestry?: readonly { readonly pid: number }[];
    readonly unreadable?: unknown;
  };
  readonly [type: string]: unknown;
}

const EVENT = /^\{"(process_(?:exec|kprobe|tracepoint|lsm|uprobe|usdt|loader))"/;

/** The events of policies in an export file. */
export function shownEvents(exportFile: string): ShownEvent[] {
  // An event that the agent has read long after its process ended has the exec_id only, so ancestors are those of the exec.
  const pidsOf = new Map<string, readonly number[]>();
  return readFileSync(exportFile, 'utf8')
    .split('\n')
    .flatMap((line) => readLine(line, pidsOf));
}

function readLine(line: string, pidsOf: Map<string, readonly number[]>): ShownEvent[] {
  const type = EVENT.exec(line)?.[1];
  if (type === undefined) return [];
  const event = JSON.parse(line) as Line;
  const { process, policy_name: policy } = event[type] as Body;
  const ancestors = event.merlon?.ancestry ?? [];
  if (type === 'process_exec') {
    pidsOf.set(process.exec_id, [process.pid, ...ancestors.map(({ pid }) => pid)]);
    return [];
  }
  const pids = pidsOf.get(process.exec_id) ?? [process.pid, ...ancestors.map(({ pid }) => pid)];
  const unreadable = event.merlon?.unreadable !== undefined;
  // Events of spec.loader name no policy, as Tetragon's.
  return [{ policy: policy ?? 'hook-loader', pids, unreadable, line }];
}
