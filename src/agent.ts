// SPDX-License-Identifier: Apache-2.0
import type { JsonObject } from '@bufbuild/protobuf';
import { closeSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startDoor } from './api/index.ts';
import { BootClock } from './base/boot-clock.ts';
import { AgentError, ErrorCode } from './base/errors.ts';
import { LogOnce } from './base/log-once.ts';
import type { Logger } from './base/log.ts';
import type { Settings } from './base/settings.ts';
import { version } from './base/version.ts';
import type { JsonOptions } from './encode/json.ts';
import { JsonEncoder } from './encode/json.ts';
import { BuildIds } from './enrich/build-ids.ts';
import { stackSymbols } from './enrich/stack-symbols.ts';
import { UserNames } from './enrich/user-names.ts';
import type { HookJsonOptions } from './encode/hook-options.ts';
import { EventPipeline, LANE_NAMES } from './event-pipeline.ts';
import { LazyPolicies } from './lazy-policies.ts';
import { EventLane } from './events/gen/layouts.ts';
import { addon } from './kernel/addon.ts';
import type { Occurrence } from './process/event.ts';
import { ProcessResync } from './process/resync.ts';
import { ProcessTable } from './process/table.ts';
import { ProcessTracker } from './process/tracker.ts';
import { SharedLaneCounters } from './sensor/lane-counters.ts';
import { hasPolicyPins } from './sensor/policy-pins.ts';
import { ProcessSensor } from './sensor/process-sensor.ts';
import { glassFileOf, SelfProtection } from './sensor/self-protection.ts';
import { Outputs } from './sinks/outputs.ts';
import { describeStatus } from './status.ts';

/** A running agent. */
export interface RunningAgent {
  /** Opens files anew (SIGHUP). */
  reopen(): void;
  /** Stops cleanly: outputs flushed, and, unless the setting `keep` says otherwise, nothing left in the kernel. */
  stop(): Promise<void>;
  /** Settles when an output that the agent lives for has ended, for example the reader of its standard output. */
  readonly ended: Promise<void>;
}

const CLOCK_CHECK_MS = 1_000;
const PROCESS_OBJECT = fileURLToPath(new URL('../build/bpf/process.bpf.o', import.meta.url));

/**
 * Starts the agent: programs first, then the processes that are there already, then events. Throws an AgentError when the
 * kernel or a setting does not allow it; then nothing is left behind but what an earlier run had left. `hooks` names the
 * tracepoints of programs that others attach to the agent's rings.
 */
export async function startAgent(
  settings: Settings,
  log: Logger,
  hooks: JsonOptions['hooks'] = [],
): Promise<RunningAgent> {
  const cleanUp = new AsyncDisposableStack();
  try {
    return await start(settings, log, hooks, cleanUp);
  } catch (error) {
    await cleanUp.disposeAsync();
    throw error;
  }
}

/** What is to be undone goes onto `cleanUp` as it is made, so that it is undone in reverse order. */
async function start(
  settings: Settings,
  log: Logger,
  hooks: JsonOptions['hooks'],
  cleanUp: AsyncDisposableStack,
): Promise<RunningAgent> {
  addon.useBatchScheduling();
  addon.ignoreTraps();
  if (settings.cpus.length > 0) addon.pinToCpus([...settings.cpus]);
  cleanUp.defer(takeLock(settings.runDir));
  const logOnce = new LogOnce(log);
  cleanUp.defer(() => logOnce.close());
  const clock = new BootClock({ boottimeNs: addon.clockBoottimeNs, realtimeNs: addon.clockRealtimeNs });
  const table = new ProcessTable(settings.processTableMemoryBytes);
  const buildIds = new BuildIds();
  const append = (occurrence: Occurrence): void => {
    encoder.append(occurrence);
    if (occurrence.kind === 'hook') policies.current?.see(occurrence.record);
  };
  const flush = (): void => encoder.flush();
  const tracker = new ProcessTracker(settings.nodeName, table, append);
  const encoder: JsonEncoder = new JsonEncoder(
    clock,
    jsonOptions(settings, tracker, hooks, {
      findHook: (generation, id) => policies.current?.findHook(generation, id),
      findBuildId: (tgid, path, inode) => buildIds.find(tgid, path, inode),
      ...stackSymbols((error) =>
        logOnce.warn('symbols', 'Symbols cannot be read; frames of stacks have none', { err: error }),
      ),
    }),
    (chunk, events) => outputs.write(chunk, events),
  );
  const outputs = new Outputs(settings, log, (lane, lost, fromNs, toNs) => {
    const gap = { lane: -1, cpu: -1, lost, from: fromNs - clock.bootTimeNs, to: toNs - clock.bootTimeNs };
    return Buffer.from(encoder.gapLine({ kind: 'gap', lane, gap }));
  });
  cleanUp.defer(() => outputs.close());

  const protection = SelfProtection.open(
    {
      mode: settings.selfProtection,
      bpfDir: settings.bpfDir,
      glassFile: glassFileOf(settings),
      cgroups: settings.trustedCgroups,
    },
    log,
    logOnce,
  );
  // Until all is well, what an earlier run left is not this one's to remove.
  let stays = protection.adopted;
  cleanUp.defer(() => protection.close(stays ? 'leave' : 'remove'));

  const environment = settings.enableProcessEnvironmentVariables;
  const { bpfDir, lifecycleRingBytes, telemetryRingBytes } = settings;
  const objectPath = PROCESS_OBJECT;
  const sensor = ProcessSensor.open({
    objectPath,
    bpfDir,
    lifecycleRingBytes,
    telemetryRingBytes,
    environment,
  });
  cleanUp.defer(() => sensor.close());
  const resync = new ProcessResync(sensor, table, tracker, clock, { env: environment, flush });
  const pipelineOf = (maps: ProcessSensor['maps']): EventPipeline =>
    new EventPipeline({
      rings: [maps.lifecycle_ring, maps.telemetry_ring],
      counters: new SharedLaneCounters(maps.lanes),
      cpus: addon.possibleCpus(),
      coalesceMs: settings.coalesceMs,
      ...{ clock, tracker, append, flush },
      onInvalid: (reason) => logOnce.warn(`invalid:${reason}`, 'Kernel record cannot be read', { reason }),
      onGap: (gap) => {
        logOnce.warn('gap', 'Kernel records were lost', {
          ...gap,
          from: String(gap.from),
          to: String(gap.to),
        });
        if (gap.lane === EventLane.LANE_LIFECYCLE) resync.request();
      },
    });
  const pipeline = pipelineOf(sensor.maps);
  const policies = new LazyPolicies(async () => {
    const { Policies } = await import('./policies.ts');
    tracker.keepsEnded = true;
    return new Policies(sensor, table, settings, log, logOnce, (enforces) => protection.follow(enforces));
  });
  const paths = policyPaths(settings);
  if (paths.length > 0 || hasPolicyPins(bpfDir)) await policies.use(() => undefined);
  const statusParts = {
    settings,
    clock,
    startedAt: clock.nowNs(),
    sensor,
    table,
    tracker,
    pipeline,
    outputs,
    encoder,
    policies,
    protection,
  };
  const door = await startDoor(
    {
      version,
      health: () => ({ state: 'running', details: 'running' }),
      status: () => describeStatus(statusParts),
      processes: () => exportedProcesses(table, encoder),
      policies: () => policies.current?.describe() ?? [],
      measurePolicies: (durationMs) => policies.measure(durationMs),
      policyChanges: policies,
      feed: outputs,
    },
    settings,
    log,
  );
  cleanUp.defer(() => door.close());

  stays ||= sensor.adopted;
  cleanUp.defer(() => pipeline.stop());
  // Before the rings are read for the last time: what a hook sends later would be neither read nor told of.
  cleanUp.defer(() => policies.close(stays));
  cleanUp.defer(() => {
    if (!stays) sensor.remove();
  });
  cleanUp.defer(() => resync.stop());
  resync.run();
  const predecessors = sensor.predecessors.map(pipelineOf);
  for (const predecessor of predecessors) predecessor.drain();
  if (policies.current === undefined) protection.follow(false);
  else policies.current.load(paths);
  policies.current?.noteLineages();
  // Only now: until then the hooks of an earlier agent were in force, whose records go there.
  for (const predecessor of predecessors) predecessor.stop();
  tellForeignLosses(sensor, clock, log, append);
  pipeline.start();
  // Those that began meanwhile are known now.
  policies.current?.noteLineages();
  stays = settings.keep;
  const clockTimer = setInterval(() => followClock(clock, log), CLOCK_CHECK_MS);
  cleanUp.defer(() => clearInterval(clockTimer));
  log.info(
    { version, node: settings.nodeName, processes: table.stats.living, adopted: sensor.adopted },
    'Watching',
  );

  return {
    reopen: () => outputs.reopen(),
    ended: outputs.ended,
    async stop() {
      const { state } = protection.describe();
      await cleanUp.disposeAsync();
      const lanes = LANE_NAMES.map((lane, index) => ({ lane, ...pipeline.lane(index) }));
      log.info({ ...table.stats, lanes }, 'Stopped');
      if (stays)
        log.info(
          { bpfDir, selfProtection: state },
          'Programs and policies stay in force; "merlon unload" removes them, see docs/operations.md',
        );
    },
  };
}

/** What the rings of another version hold cannot be read, but is not lost in silence. */
function tellForeignLosses(
  { foreign }: ProcessSensor,
  clock: BootClock,
  log: Logger,
  append: (occurrence: Occurrence) => void,
): void {
  for (const directory of foreign.uncounted)
    log.warn({ directory }, 'Records of another version can be neither read nor counted');
  for (const { cpu, lane, lost } of foreign.losses()) {
    log.warn({ cpu, lane, lost }, 'Records of another version cannot be read');
    const gap = { lane, cpu, lost, from: 0n, to: clock.nowNs() };
    append({ kind: 'gap', lane: LANE_NAMES[lane as 0 | 1], gap });
  }
}

/** The files and directories of policies that the settings name and that are there. */
function policyPaths(settings: Settings): string[] {
  return [...(existsSync(settings.policyDir) ? [settings.policyDir] : []), ...settings.policy];
}

function jsonOptions(
  settings: Settings,
  tracker: ProcessTracker,
  hooks: JsonOptions['hooks'],
  found: Pick<HookJsonOptions, 'findHook' | 'findBuildId' | 'findFrame' | 'findPlace'>,
): JsonOptions {
  const userNames = new UserNames();
  return {
    nodeName: settings.nodeName,
    clusterName: settings.clusterName,
    ancestors: settings.enableAncestors.includes('base'),
    credentials: settings.enableProcessCred,
    namespaces: settings.enableProcessNs,
    environment: settings.enableProcessEnvironmentVariables,
    hostNamespaces: tracker.hostNamespaces,
    userName: (uid) => (settings.usernameMetadata === 'unix' ? userNames.find(uid) : undefined),
    hooks,
    policyHooks: {
      ...found,
      ancestors: new Set(settings.enableAncestors.filter((kind) => kind !== 'base')),
      stackAddresses: settings.exposeStackAddresses,
    },
  };
}

function followClock(clock: BootClock, log: Logger): void {
  const step = clock.check();
  if (step !== 0n) log.info({ stepNs: String(step) }, 'The wall clock was set; event times follow');
}

/** One agent per run directory; the result releases it. The kernel drops the lock with the process, however it ends. */
function takeLock(runDir: string): () => void {
  mkdirSync(runDir, { recursive: true, mode: 0o755 });
  const path = join(runDir, 'lock');
  const fd = addon.lockFile(path);
  if (fd === undefined) {
    throw new AgentError(
      ErrorCode.AlreadyRunning,
      `Cannot start: another agent holds ${JSON.stringify(path)}`,
      {
        remedy: 'Stop it first, or give this one a run-dir and a bpf-dir of its own.',
      },
    );
  }
  return () => closeSync(fd);
}

/** Parents before their children. */
function exportedProcesses(table: ProcessTable, encoder: JsonEncoder): JsonObject[] {
  return [...table.living()]
    .sort((a, b) => a.depth - b.depth || a.tgid - b.tgid)
    .map((process) => JSON.parse(Buffer.from(encoder.processBytes(process)).toString()) as JsonObject);
}
