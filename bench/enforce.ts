// SPDX-License-Identifier: Apache-2.0
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Policy } from '../src/policy/model.ts';
import { checkPolicyText } from '../src/policy/index.ts';
import { benchmark, progress } from './support/benchmark.ts';
import { compile, Worker } from './support/programs.ts';
import { openPolicySensor } from './support/sensors.ts';
import { type Spread, spreadOf } from './support/spread.ts';
import { makeWorkspace } from './support/workspace.ts';

/** Time of one open or one process under each set of policies, round by round. */
type Legs = Map<string, { readonly openNs: number; readonly execNs: number }[]>;

/** What enforcing policies that refuse something else cost programs that do little but open files and start processes. */
export const enforce = benchmark({
  name: 'enforce',
  summary:
    'what 1 and 100 enforcing policies cost a program that opens files and one that starts processes; needs BPF LSM',
  options: {
    rounds: { help: 'rounds over none, 1 and 100 policies, every other one in reverse', fallback: 9 },
    opens: { help: 'open, read, close in each leg', fallback: 3_000 },
    execs: { help: 'processes to start in each leg', fallback: 150 },
    cpu: { help: 'pin the programs to this CPU', fallback: 0 },
  },
  async run({ rounds, opens, execs, cpu }, cleanUp) {
    const workspace = makeWorkspace();
    cleanUp.defer(() => workspace.remove());
    // A guest sees this machine's files through a slow filesystem, but its temporary directory is its own.
    const [file, program] = ['file', 'nothing'].map((name) => join(workspace.directory, name)) as [
      string,
      string,
    ];
    writeFileSync(file, 'x'.repeat(64));
    copyFileSync(compile('nothing'), program);
    const opener = new Worker<{ wall_ns: number }>(compile('open-loop'), [file], cpu);
    cleanUp.defer(() => opener.close());
    const starter = new Worker<{ wall_ns: number }>(compile('spawn'), [program], cpu);
    cleanUp.defer(() => starter.close());
    const policySensor = openPolicySensor(workspace, cleanUp);
    const measure = async (set: readonly Policy[]): Promise<{ openNs: number; execNs: number }> => {
      for (const [policy, error] of policySensor.change(set))
        throw new Error(`Policy "${policy.name}": ${error.message}`);
      // The first of each is not measured.
      await opener.ask(String(opens));
      const { wall_ns: openNs } = await opener.ask(String(opens));
      await starter.ask(String(execs));
      const { wall_ns: execNs } = await starter.ask(String(execs));
      return { openNs: openNs / opens, execNs: execNs / execs };
    };
    const sets = { none: [], policies_1: enforcingSet(1), policies_100: enforcingSet(100) };
    const legs: Legs = new Map(Object.keys(sets).map((name) => [name, []]));
    for (let round = 0; round < rounds; round++) {
      const order = Object.entries(sets);
      for (const [name, set] of round % 2 === 0 ? order : order.toReversed())
        legs.get(name)?.push(await measure(set));
      progress(`enforce: round ${round + 1} of ${rounds}`);
    }
    const ratio = (of: string, to: string, field: 'openNs' | 'execNs'): Spread =>
      spreadOf(
        (legs.get(of) ?? []).map((leg, round) => leg[field] / (legs.get(to)?.[round]?.[field] ?? NaN)),
      );
    return {
      method:
        `${rounds} rounds, every other one in reverse order, of ${opens} times open, read, close and of ${execs} processes under no, ` +
        '1 and 100 policies; each refuses opening and executing what begins with a path of its own (LSM hooks file_open and ' +
        'bprm_check_security, Override), which neither program touches; ratios are of each round',
      figures: {
        open_ns_none: spreadOf((legs.get('none') ?? []).map(({ openNs }) => openNs)),
        open_ratio_1_to_none: ratio('policies_1', 'none', 'openNs'),
        open_ratio_100_to_none: ratio('policies_100', 'none', 'openNs'),
        open_ratio_100_to_1: ratio('policies_100', 'policies_1', 'openNs'),
        exec_ns_none: spreadOf((legs.get('none') ?? []).map(({ execNs }) => execNs)),
        exec_ratio_1_to_none: ratio('policies_1', 'none', 'execNs'),
        exec_ratio_100_to_none: ratio('policies_100', 'none', 'execNs'),
        exec_ratio_100_to_1: ratio('policies_100', 'policies_1', 'execNs'),
      },
    };
  },
});

/** Policies that refuse to open and to execute what begins with a path of their own. */
function enforcingSet(count: number): Policy[] {
  const hook = (name: string, type: string, path: string): string => `
  - hook: ${name}
    args: [{index: 0, type: ${type}}]
    selectors:
    - matchArgs: [{args: [0], operator: Prefix, values: [${path}]}]
      matchActions: [{action: Override, argError: -1}]`;
  const texts = Array.from({ length: count }, (_, index) => {
    const path = `/nonexistent/${index}/`;
    const hooks = hook('file_open', 'file', path) + hook('bprm_check_security', 'linux_binprm', path);
    const head = 'apiVersion: cilium.io/v1alpha1\nkind: TracingPolicy\nmetadata: {name: bench-';
    return `${head}${index}}\nspec:\n  lsmhooks:${hooks}\n`;
  });
  return checkPolicyText('bench.yaml', texts.join('---\n'), ({ at, message }) => {
    throw new Error(`bench.yaml:${at.line}:${at.column}: ${message}`);
  });
}
