// SPDX-License-Identifier: Apache-2.0
/** What a tracker makes of records, in export form, for tests. */
import assert from 'node:assert/strict';
import { BootClock } from '../base/boot-clock.ts';
import { ExecFlag } from '../events/gen/layouts.ts';
import { ProcessTable } from '../process/table.ts';
import { execRecord } from '../process/testing.ts';
import { ProcessTracker } from '../process/tracker.ts';
import type { JsonOptions } from './json.ts';
import { JsonEncoder } from './json.ts';

/** A line of the export file. */
export interface Line {
  process_exec?: {
    process: Record<string, unknown>;
    parent: Record<string, unknown>;
    ancestors?: { pid: number }[];
  };
  process_exit?: { process: Record<string, unknown>; signal?: string; status?: number; time: string };
  merlon_gap?: Record<string, unknown>;
  node_name: string;
  time: string;
  cluster_name?: string;
  merlon: Record<string, unknown> & { ancestry: { pid: number; binary?: string }[] };
}

const clock = new BootClock({ boottimeNs: () => 0n, realtimeNs: () => 1_700_000_000_000_000_000n });

/** Runs records through the tracker and gives back the lines. pid 1 and a shell, pid 100, are there. */
export function encode(
  options: Partial<JsonOptions>,
  run: (tracker: ProcessTracker, encoder: JsonEncoder) => void,
): Line[] {
  const lines: Line[] = [];
  const tracker: ProcessTracker = new ProcessTracker('node', new ProcessTable(1 << 20), (event) =>
    encoder.append(event),
  );
  const encoder = new JsonEncoder(
    clock,
    {
      ...{ nodeName: 'node', clusterName: undefined, ancestors: false, hooks: [] },
      ...{ credentials: false, namespaces: false, environment: false },
      ...{ hostNamespaces: tracker.hostNamespaces, userName: () => undefined, ...options },
    },
    (chunk, events) => {
      const parsed = Buffer.from(chunk).toString().trimEnd().split('\n');
      assert.equal(parsed.length, events);
      lines.push(...parsed.map((line) => JSON.parse(line) as Line));
    },
  );
  const flags = ExecFlag.EXEC_SNAPSHOT | ExecFlag.EXEC_PARENT_KTHREAD;
  tracker.found(execRecord({ tgid: 1, startTime: 10n, imageTime: 10n, flags, path: '/sbin/init' }), 20n);
  tracker.exec(execRecord({ tgid: 100, startTime: 1000n, path: '/bin/sh' }));
  encoder.flush();
  lines.length = 0;
  run(tracker, encoder);
  encoder.flush();
  return lines;
}
