// SPDX-License-Identifier: Apache-2.0
import { SwitchedAgent } from './support/agent.ts';
import { benchmark, progress } from './support/benchmark.ts';
import { cpuNsOf } from './support/process-usage.ts';
import { compile, Worker } from './support/programs.ts';
import { spreadOf } from './support/spread.ts';
import { makeWorkspace } from './support/workspace.ts';

interface Leg {
  readonly wall_ns: number;
  readonly cpu_ns: number;
}

/** The same program with and without the agent, in turns. */
export const execOverhead = benchmark({
  name: 'exec-overhead',
  summary: 'what the agent adds to a program that does nothing but start processes',
  options: {
    pairs: { help: 'pairs of legs without and with the agent, and as many control pairs', fallback: 60 },
    execs: { help: 'processes to start in each leg', fallback: 2_000 },
    limit: { help: 'begin no further pair after this many seconds', fallback: 540 },
    cpu: { help: 'pin the program to this CPU; -1 pins nothing', fallback: -1 },
    program: { help: 'the program to start; empty: a static one that does nothing', fallback: '' },
    directory: { help: 'where the exported file goes', fallback: '' },
  },
  async run({ pairs, execs, limit, cpu, program: target, directory }, cleanUp) {
    const workspace = makeWorkspace(directory);
    cleanUp.defer(() => workspace.remove());
    const pinned = cpu < 0 ? undefined : cpu;
    const program = new Worker<Leg>(compile('spawn'), [target === '' ? compile('nothing') : target], pinned);
    cleanUp.defer(() => program.close());
    const agent = new SwitchedAgent(workspace, { flags: {}, hooks: [] });
    cleanUp.defer(() => agent.close());
    const agentCpuUs: number[] = [];
    const leg = (): Promise<Leg> => program.ask(String(execs));
    const legWithAgent = async (): Promise<Leg> => {
      await agent.turn('on');
      const before = cpuNsOf(agent.pid);
      const measured = await leg();
      agentCpuUs.push((cpuNsOf(agent.pid) - before) / 1000 / execs);
      await agent.turn('off');
      return measured;
    };
    const off: Leg[] = [];
    const ratios: Leg[] = [];
    const controls: Leg[] = [];
    // Not counted: fills the caches and warms the agent's code up.
    await leg();
    await legWithAgent();
    agentCpuUs.length = 0;
    const endsAt = performance.now() + limit * 1000;
    for (let pair = 0; pair < pairs && performance.now() < endsAt; pair++) {
      // Every other pair the other way round, so that a drift of the machine cancels out.
      const swap = pair % 2 === 1;
      const [first, second] = swap ? [legWithAgent, leg] : [leg, legWithAgent];
      const legs = [await first(), await second()] as const;
      const [base, loaded] = swap ? [legs[1], legs[0]] : legs;
      const control = [await leg(), await leg()] as const;
      off.push(base);
      ratios.push(ratio(loaded, base));
      controls.push(swap ? ratio(control[0], control[1]) : ratio(control[1], control[0]));
      progress(
        `exec-overhead: pair ${pair + 1} of ${pairs}, on/off ${format(ratios)}, off/off ${format(controls)}`,
      );
    }
    return {
      method:
        `${ratios.length} pairs of legs with the agent off and on, every other pair in the other order, each followed by a ` +
        `control pair with it off; a leg is ${execs} times vfork, execve of ${target === '' ? 'a static program that does nothing' : target} and wait, ` +
        `${pinned === undefined ? 'not pinned' : `pinned to CPU ${pinned}`}; the agent, not pinned, in its default form exports ` +
        'to a file; off means that its programs are unloaded; ratios are of each pair, wall time and CPU time of the ' +
        'program and its children',
      figures: {
        on_off_wall_ratio: spreadOf(ratios.map((each) => each.wall_ns)),
        off_off_wall_ratio: spreadOf(controls.map((each) => each.wall_ns)),
        on_off_cpu_ratio: spreadOf(ratios.map((each) => each.cpu_ns)),
        off_off_cpu_ratio: spreadOf(controls.map((each) => each.cpu_ns)),
        off_wall_us_per_exec: spreadOf(off.map((each) => each.wall_ns / 1000 / execs)),
        agent_cpu_us_per_exec: spreadOf(agentCpuUs),
      },
    };
  },
});

function ratio(a: Leg, b: Leg): Leg {
  return { wall_ns: a.wall_ns / b.wall_ns, cpu_ns: a.cpu_ns / b.cpu_ns };
}

/** The median so far. */
function format(ratios: readonly Leg[]): string {
  return spreadOf(ratios.map((each) => each.wall_ns)).median.toFixed(4);
}
