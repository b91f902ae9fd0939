// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { SwitchedAgent } from './support/agent.ts';
import { benchmark, progress } from './support/benchmark.ts';
import { countExported } from './support/exported.ts';
import { Flood } from './support/flood.ts';
import { FloodedAgent } from './support/flooded-agent.ts';
import type { FloodLeg } from './support/flooded-agent.ts';
import { memoryOf } from './support/process-usage.ts';
import { rounded, spreadOf } from './support/spread.ts';
import { readStatus } from './support/status.ts';
import { makeWorkspace } from './support/workspace.ts';
import { WriteBaseline } from './support/write-baseline.ts';

const HOOKS = [{ subsystem: 'raw_syscalls', event: 'sys_enter' }];
const WARM_UP_MS = 2_000;
const SEARCH_MS = 5_000;
const ROUND_MS = 2_000;
/** Short enough that no rotation removes what is to be counted. */
const CHECK_MS = 200;
/** The search begins near what full speed brought and gives up this share with each try. */
const SEARCH_START = 1.05;
const SEARCH_STEP = 0.93;
const SEARCH_TRIES = 12;

/** Records from the kernel to a JSON file, through the whole agent. */
export const pipeline = benchmark({
  name: 'pipeline',
  summary: 'a flood of events through ring buffer, decoder and encoder into a file: events/s, CPU, loss',
  options: {
    seconds: { help: 'length of the paced leg', fallback: 60 },
    'full-seconds': { help: 'length of the leg at full speed', fallback: 10 },
    rate: {
      help: 'events per second of the paced leg; 0 searches for the highest without loss',
      fallback: 0,
    },
    rounds: { help: 'rounds of the comparison with write(2)', fallback: 10 },
    'agent-cpu': { help: 'CPU of the agent, all its threads', fallback: 0 },
    'flood-cpu': { help: 'CPU of the process that is watched', fallback: 1 },
    directory: { help: 'where the exported file goes', fallback: '' },
  },
  async run(options, cleanUp) {
    const workspace = makeWorkspace(options.directory);
    cleanUp.defer(() => workspace.remove());
    const cpu = options['agent-cpu'];
    const agent = new SwitchedAgent(workspace, { flags: {}, hooks: HOOKS, cpu });
    cleanUp.defer(() => agent.close());
    const exported = workspace.flags.export ?? '';
    const unexplained = await checkFiles(agent, workspace.bpfDir, exported, options['flood-cpu']);

    await agent.turn('on');
    const flood = new Flood(workspace.bpfDir, options['flood-cpu']);
    cleanUp.defer(() => flood.close());
    const flooded = new FloodedAgent(agent.pid, flood, exported);
    await flooded.leg(0, WARM_UP_MS);
    const full = report('full speed', await flooded.leg(0, options['full-seconds'] * 1000));
    const rate = options.rate || (await findRate(flooded, full.eventsPerSecond * SEARCH_START));
    const paced = report(`paced for ${options.seconds} s`, await flooded.leg(rate, options.seconds * 1000));

    const baseline = new WriteBaseline(exported, join(workspace.directory, 'write'), cpu);
    cleanUp.defer(() => baseline.close());
    const cpuRatios: number[] = [];
    const wallRatios: number[] = [];
    const writeNs: number[] = [];
    for (let round = 0; round < options.rounds; round++) {
      const leg = await flooded.leg(0, ROUND_MS);
      const write = await baseline.measure();
      writeNs.push(write.cpuNsPerByte * leg.bytesPerEvent);
      cpuRatios.push((leg.cpuUsPerEvent * 1000) / (write.cpuNsPerByte * leg.bytesPerEvent));
      wallRatios.push(1e9 / leg.eventsPerSecond / (write.wallNsPerByte * leg.bytesPerEvent));
      progress(
        `pipeline: round ${round + 1} of ${options.rounds}, CPU ${cpuRatios.at(-1)?.toFixed(2)} × write(2)`,
      );
    }

    const { peakRssMib } = memoryOf(agent.pid);
    const lane = (await readStatus(workspace.runDir)).lanes[1];
    const { numbered } = flood.totals();
    return {
      method:
        `the agent in its default form, export to a file in ${options.directory || 'the temporary directory'} (rotation at 100 MiB, ` +
        `5 kept), all its threads pinned to CPU ${cpu}; a process pinned to CPU ${options['flood-cpu']} calls getppid, a program on ` +
        'sys_enter sends a record of two integers for each call through the telemetry ring; full speed: ' +
        `${options['full-seconds']} s without a pause, the kernel drops what finds no room; paced: ${options.seconds} s, calls due in each ` +
        'millisecond, at the rate given or 7 % below the highest that a search found without loss in 5 s; write(2): the exported ' +
        'bytes written to one file of 100 MiB in pieces of the encoder’s chunk, same CPU and file system, ' +
        `${options.rounds} rounds in turns with ${ROUND_MS / 1000} s at full speed; lost records are those of gap records; unreported ones ` +
        'are numbered by the kernel but neither received nor in a gap record; unexplained ones were called for, but are ' +
        `neither lines nor in gap lines of the files of a first leg of ${CHECK_MS} ms`,
      figures: {
        paced_events_per_second: rounded(paced.eventsPerSecond),
        paced_seconds: rounded(paced.seconds),
        paced_events: paced.received,
        paced_lost_events: paced.lost,
        paced_cpu_us_per_event: rounded(paced.cpuUsPerEvent),
        paced_cpu_share: rounded((paced.cpuUsPerEvent * paced.eventsPerSecond) / 1e6),
        full_speed_events_per_second: rounded(full.eventsPerSecond),
        full_speed_calls_per_second: rounded(full.calls / full.seconds),
        full_speed_cpu_us_per_event: rounded(full.cpuUsPerEvent),
        bytes_per_event: rounded(paced.bytesPerEvent),
        write_cpu_us_per_event: spreadOf(writeNs.map((ns) => ns / 1000)),
        cpu_ratio_to_write: spreadOf(cpuRatios),
        wall_ratio_to_write: spreadOf(wallRatios),
        peak_rss_mib: rounded(peakRssMib),
        numbered_events: numbered,
        unreported_lost_events: numbered - Number(lane?.received) - Number(lane?.lost),
        unexplained_events_in_files: unexplained,
      },
    };
  },
});

/** A short flood of an agent that is then stopped: calls that its files do not account for. */
async function checkFiles(
  agent: SwitchedAgent,
  bpfDir: string,
  exported: string,
  floodCpu: number,
): Promise<number> {
  await agent.turn('on');
  const flood = new Flood(bpfDir, floodCpu);
  try {
    const { calls } = await flood.run(0, CHECK_MS);
    await flood.settle();
    await agent.turn('off');
    const { tracepoints, telemetryLost } = await countExported(exported);
    progress(`pipeline: ${calls} calls, ${tracepoints} lines, ${telemetryLost} in gap records`);
    return calls - tracepoints - telemetryLost;
  } finally {
    flood.close();
  }
}

async function findRate(flooded: FloodedAgent, highest: number): Promise<number> {
  let rate = highest;
  for (let tries = 0; tries < SEARCH_TRIES; tries++) {
    const { lost } = report(`search at ${Math.round(rate)}/s`, await flooded.leg(rate, SEARCH_MS));
    if (lost === 0) break;
    rate *= SEARCH_STEP;
  }
  // A longer leg meets more disturbance than the search did.
  return rate * SEARCH_STEP;
}

function report(what: string, leg: FloodLeg): FloodLeg {
  const { eventsPerSecond, cpuUsPerEvent, lost } = leg;
  progress(
    `pipeline: ${what}: ${Math.round(eventsPerSecond)} events/s, ${cpuUsPerEvent.toFixed(2)} µs CPU, ${lost} lost`,
  );
  return leg;
}
