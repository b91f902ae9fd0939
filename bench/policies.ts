// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Policy } from '../src/policy/model.ts';
import type { PolicySensor } from '../src/sensor/policy-sensor.ts';
import { benchmark, progress } from './support/benchmark.ts';
import { type HookKind, policyOfValues, policySet, policyTexts } from './support/policy-sets.ts';
import { compile, Worker } from './support/programs.ts';
import { openPolicySensor } from './support/sensors.ts';
import { type Spread, spreadOf } from './support/spread.ts';
import { makeWorkspace } from './support/workspace.ts';

const MERLON = fileURLToPath(new URL('../bin/merlon', import.meta.url));
const STATS = '/proc/sys/kernel/bpf_stats_enabled';

/** One set of policies under the loop. */
interface Leg {
  readonly nsPerRun: number;
  readonly nsPerLoop: number;
}

/** What a hook costs as policies and values grow in number; no policy matches. */
export const policies = benchmark({
  name: 'policies',
  summary: 'what policies on one hook cost: 1, 64, 100 and 500 of them, 10 and 10,000 values',
  options: {
    hook: {
      help: 'tracepoint (syscalls/sys_enter_openat) or kprobe (security_file_open)',
      fallback: 'tracepoint',
    },
    rounds: { help: 'rounds over all sets, every other one in reverse', fallback: 15 },
    loops: { help: 'open, read, close in each leg', fallback: 20_000 },
    cpu: { help: 'pin the program to this CPU', fallback: 0 },
  },
  async run({ hook, rounds, loops, cpu }, cleanUp) {
    if (hook !== 'tracepoint' && hook !== 'kprobe')
      throw new Error(`No hook "${hook}": use tracepoint or kprobe`);
    const kind: HookKind = hook;
    const workspace = makeWorkspace();
    cleanUp.defer(() => workspace.remove());
    const binary = compile('open-loop');
    const worker = new Worker<{ wall_ns: number }>(binary, ['/etc/hostname'], cpu);
    cleanUp.defer(() => worker.close());
    const policySensor = openPolicySensor(workspace, cleanUp);
    const statsBefore = readFileSync(STATS, 'utf8');
    cleanUp.defer(() => writeFileSync(STATS, statsBefore));

    const sets: Readonly<Record<string, readonly Policy[]>> = {
      none: [],
      policies_1: policySet(kind, 1, binary),
      policies_64: policySet(kind, 64, binary),
      policies_100: policySet(kind, 100, binary),
      policies_500: policySet(kind, 500, binary),
      prefixes_10: policyOfValues(kind, 'Prefix', 10, binary),
      prefixes_10000: policyOfValues(kind, 'Prefix', 10_000, binary),
      strings_10: policyOfValues(kind, 'Equal', 10, binary),
      strings_10000: policyOfValues(kind, 'Equal', 10_000, binary),
    };
    const loop = async (): Promise<number> => (await worker.ask(String(loops))).wall_ns / loops;
    const measure = async (set: readonly Policy[]): Promise<Leg> => {
      apply(policySensor, set);
      await loop();
      // The kernel's own clock around each run costs time: the loop is timed without it.
      const nsPerLoop = await loop();
      writeFileSync(STATS, '1');
      const before = policySensor.loadedHooks()[0]?.info;
      await loop();
      const after = policySensor.loadedHooks()[0]?.info;
      writeFileSync(STATS, '0');
      const runs = Number((after?.runCount ?? 0n) - (before?.runCount ?? 0n));
      const ns = Number((after?.runTimeNs ?? 0n) - (before?.runTimeNs ?? 0n));
      return { nsPerRun: runs === 0 ? 0 : ns / runs, nsPerLoop };
    };
    const legs = new Map<string, Leg[]>();
    const bytes = new Map<string, number>();
    for (let round = 0; round < rounds; round++) {
      const order = Object.entries(sets);
      for (const [name, set] of round % 2 === 0 ? order : order.toReversed()) {
        legs.set(name, [...(legs.get(name) ?? []), await measure(set)]);
        bytes.set(
          name,
          policySensor.loadedHooks().reduce((sum, { mapBytes }) => sum + mapBytes, 0),
        );
      }
      progress(`policies: round ${round + 1} of ${rounds}, ${describe(legs)}`);
    }
    const addMs = measureAdding(policySensor, kind, binary);
    const checkMs = measureChecking(workspace.directory, kind, binary);
    const ratio = (of: string, to: string, field: keyof Leg): Spread =>
      spreadOf(pairs(legs, of, to).map(([a, b]) => a[field] / b[field]));
    const added = pairs(legs, 'policies_100', 'none').map(([a, b], round) => {
      const one = legs.get('policies_1')?.[round];
      return (a.nsPerLoop - b.nsPerLoop) / ((one?.nsPerLoop ?? NaN) - b.nsPerLoop);
    });
    return {
      method:
        `${rounds} rounds, every other one in reverse order, of ${loops} times open, read, close of one file under each set ` +
        `of policies on ${kind === 'tracepoint' ? 'the tracepoint syscalls/sys_enter_openat' : 'security_file_open'}; each ` +
        'policy accepts the program by its binary and the open by its flags, and refuses it by the path; program time by ' +
        'kernel.bpf_stats_enabled; ratios are of each round',
      figures: {
        program_ns_1: spreadOf((legs.get('policies_1') ?? []).map(({ nsPerRun }) => nsPerRun)),
        program_ratio_64_to_1: ratio('policies_64', 'policies_1', 'nsPerRun'),
        program_ratio_500_to_1: ratio('policies_500', 'policies_1', 'nsPerRun'),
        program_ratio_prefixes_10000_to_10: ratio('prefixes_10000', 'prefixes_10', 'nsPerRun'),
        program_ratio_strings_10000_to_10: ratio('strings_10000', 'strings_10', 'nsPerRun'),
        loop_ns_none: spreadOf((legs.get('none') ?? []).map(({ nsPerLoop }) => nsPerLoop)),
        loop_ratio_1_to_none: ratio('policies_1', 'none', 'nsPerLoop'),
        loop_ratio_100_to_none: ratio('policies_100', 'none', 'nsPerLoop'),
        loop_added_ratio_100_to_1: spreadOf(added),
        map_bytes_per_policy: ((bytes.get('policies_500') ?? 0) - (bytes.get('policies_1') ?? 0)) / 499,
        add_to_100_ms: addMs,
        check_100_files_ms: checkMs,
      },
    };
  },
});

function apply(sensor: PolicySensor, set: readonly Policy[]): void {
  for (const [policy, error] of sensor.change(set))
    throw new Error(`Policy "${policy.name}": ${error.message}`);
}

/** Milliseconds that one policy more takes, with 100 in force. */
function measureAdding(sensor: PolicySensor, kind: HookKind, binary: string): Spread {
  const all = policySet(kind, 101, binary);
  const times: number[] = [];
  for (let round = 0; round < 10; round++) {
    apply(sensor, all.slice(0, 100));
    const start = performance.now();
    apply(sensor, all);
    times.push(performance.now() - start);
  }
  return spreadOf(times);
}

/** Milliseconds that `merlon policy check` takes for 100 files, as a process of its own. */
function measureChecking(directory: string, kind: HookKind, binary: string): Spread {
  const folder = join(directory, 'policies');
  mkdirSync(folder);
  policyTexts(kind, 100, binary).forEach((text, index) => writeFileSync(join(folder, `${index}.yaml`), text));
  const times = Array.from({ length: 5 }, () => {
    const start = performance.now();
    execFileSync(MERLON, ['policy', 'check', folder]);
    return performance.now() - start;
  });
  return spreadOf(times);
}

/** The legs of two sets, round by round. */
function pairs(legs: ReadonlyMap<string, readonly Leg[]>, a: string, b: string): (readonly [Leg, Leg])[] {
  const others = legs.get(b) ?? [];
  return (legs.get(a) ?? []).flatMap((leg, round) => {
    const other = others[round];
    return other === undefined ? [] : [[leg, other] as const];
  });
}

function describe(legs: ReadonlyMap<string, readonly Leg[]>): string {
  return [...legs]
    .map(([name, of]) => `${name} ${Math.round(spreadOf(of.map(({ nsPerRun }) => nsPerRun)).median)} ns`)
    .join(', ');
}
