// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises';
import { benchmark, progress } from './support/benchmark.ts';
import { readStatus } from './support/status.ts';
import { Merlon } from './support/merlon.ts';
import { mapBytesOf, memoryOf } from './support/process-usage.ts';
import { compile, Worker } from './support/programs.ts';
import { rounded } from './support/spread.ts';
import { makeWorkspace } from './support/workspace.ts';

const PIECE = 5_000;
/** Long enough for the last batch, and for the garbage collector's own idle work. */
const REST_MS = 3_000;

/** What the agent holds after many execs: resident memory, and the kernel memory of its maps. */
export const memory = benchmark({
  name: 'memory',
  summary: "the agent's resident memory and map memory after many execs",
  options: {
    execs: { help: 'processes to start', fallback: 100_000 },
    directory: { help: 'where the exported file goes', fallback: '' },
  },
  async run({ execs, directory }, cleanUp) {
    const workspace = makeWorkspace(directory);
    cleanUp.defer(() => workspace.remove());
    const spawner = new Worker(compile('spawn'), [compile('nothing')]);
    cleanUp.defer(() => spawner.close());
    // A first start, not measured, compiles what later ones find in the cache; the compiler takes memory.
    const first = new Merlon(workspace.flags);
    cleanUp.defer(() => first.stop());
    await first.watchingMs;
    await first.stop();
    const agent = new Merlon(workspace.flags);
    cleanUp.defer(() => agent.stop());
    await agent.watchingMs;
    await sleep(REST_MS);
    const before = memoryOf(agent.pid);
    for (let done = 0; done < execs; done += PIECE) {
      await spawner.ask(String(Math.min(PIECE, execs - done)));
      progress(`memory: ${Math.min(done + PIECE, execs)} of ${execs} execs, ${describe(agent.pid)}`);
    }
    await sleep(REST_MS);
    const after = memoryOf(agent.pid);
    // Asked last: the first call loads gRPC into the agent.
    const status = await readStatus(workspace.runDir);
    return {
      method:
        `bin/merlon run --quiet --export FILE with default settings; ${execs} execs of a static program one after ` +
        'the other; RSS is VmRSS 3 s after the last, VmHWM its peak; maps: all that the agent holds open, by /proc/PID/fdinfo; RSS holds the ring buffers twice, as they are mapped',
      figures: {
        execs,
        rss_at_start_mib: rounded(before.rssMib),
        rss_mib: rounded(after.rssMib),
        peak_rss_mib: rounded(after.peakRssMib),
        rss_with_grpc_mib: rounded(memoryOf(agent.pid).rssMib),
        map_mib: rounded(mapBytesOf(agent.pid) / 2 ** 20),
        map_mib_by_status: rounded(Number(status.memory?.mapBytes) / 2 ** 20),
        events_lost: status.lanes.reduce((sum, { lost }) => sum + Number(lost), 0),
      },
    };
  },
});

function describe(pid: number): string {
  const { rssMib, peakRssMib } = memoryOf(pid);
  return `RSS ${rssMib.toFixed(1)} MiB, peak ${peakRssMib.toFixed(1)} MiB`;
}
