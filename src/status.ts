// SPDX-License-Identifier: Apache-2.0
import { release } from 'node:os';
import type { AgentStatus } from './api/index.ts';
import type { BootClock } from './base/boot-clock.ts';
import type { JsonEncoder } from './encode/json.ts';
import type { Settings } from './base/settings.ts';
import { version } from './base/version.ts';
import type { EventPipeline } from './event-pipeline.ts';
import { LANE_NAMES } from './event-pipeline.ts';
import type { ProcessTable } from './process/table.ts';
import type { ProcessTracker } from './process/tracker.ts';
import type { ProcessSensor } from './sensor/process-sensor.ts';
import type { ProtectionStatus, SelfProtection } from './sensor/self-protection.ts';
import type { Outputs } from './sinks/outputs.ts';

export interface StatusParts {
  readonly settings: Settings;
  readonly clock: BootClock;
  /** boot time */
  readonly startedAt: bigint;
  readonly sensor: ProcessSensor;
  readonly table: ProcessTable;
  readonly tracker: ProcessTracker;
  readonly pipeline: EventPipeline;
  readonly outputs: Outputs;
  readonly encoder: Pick<JsonEncoder, 'hookCounts'>;
  readonly protection: Pick<SelfProtection, 'describe' | 'problems'>;
  /** undefined while no policy was given */
  readonly policies: { readonly current: { readonly problems: string[]; mapBytes(): number } | undefined };
}

/** What `merlon status` shows. */
export function describeStatus(parts: StatusParts): AgentStatus {
  const { settings, clock, sensor, table, tracker, pipeline, outputs } = parts;
  const started = clock.bootTimeNs + parts.startedAt;
  const ringBytes = [settings.lifecycleRingBytes, settings.telemetryRingBytes];
  const { stats } = table;
  return {
    version,
    pid: process.pid,
    startTime: { seconds: started / 1_000_000_000n, nanos: Number(started % 1_000_000_000n) },
    nodeName: settings.nodeName,
    clusterName: settings.clusterName ?? '',
    kernel: release(),
    memory: {
      rssBytes: BigInt(process.memoryUsage.rss()),
      mapBytes: BigInt(sensor.mapBytes() + (parts.policies.current?.mapBytes() ?? 0)),
    },
    processTable: {
      processes: BigInt(stats.living),
      bytes: BigInt(stats.bytes),
      budgetBytes: BigInt(settings.processTableMemoryBytes),
      refused: BigInt(stats.refused),
      missingParents: BigInt(tracker.stats.unknownParents),
    },
    lanes: LANE_NAMES.map((name, lane) => {
      const { received, lost } = pipeline.lane(lane);
      return {
        name,
        ringBytes: BigInt(ringBytes[lane] ?? 0),
        received: BigInt(received),
        lost: BigInt(lost),
      };
    }),
    sinks: outputs.describe().map(({ name, events, bytes, lost, errors, error }) => ({
      name,
      events: BigInt(events),
      bytes: BigInt(bytes),
      lost: BigInt(lost),
      errors: BigInt(errors),
      error,
    })),
    selfProtection: describeProtection(parts.protection.describe()),
    problems: problems(parts),
  };
}

function describeProtection({ state, reason, refused }: ProtectionStatus): AgentStatus['selfProtection'] {
  return {
    state,
    reason,
    refused: refused.map(({ what, count, pid, command }) => ({ what, count, pid, command })),
  };
}

function problems({ table, pipeline, outputs, policies, encoder, protection }: StatusParts): string[] {
  const { refused, pruned } = table.stats;
  const { unknown: unknownHooks } = encoder.hookCounts;
  const lost = LANE_NAMES.filter((_, lane) => pipeline.lane(lane).lost > 0);
  return [
    ...lost.map((name) => `Records of the ${name} lane were lost: raise ${name}-ring`),
    ...(refused > 0 ? ['The process table was full: raise process-table-memory'] : []),
    ...(pruned > 0 ? ['Ended ancestors were given up: raise process-table-memory'] : []),
    ...(pipeline.invalid > 0 ? [`${pipeline.invalid} kernel records could not be read`] : []),
    ...outputs
      .describe()
      .filter(({ error }) => error !== '')
      .map(({ name, error }) => `Output ${name}: ${error}`),
    ...(policies.current?.problems ?? []),
    ...protection.problems,
    ...(unknownHooks > 0 ? [`${unknownHooks} hits of hooks that are gone could not be named`] : []),
  ];
}
