// SPDX-License-Identifier: Apache-2.0
// A policy that the verifier refuses: the message has the telling part of its log, and the other policies stay loaded.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Agent, Places } from './support/agent.ts';
import { merlon } from './support/command.ts';
import { hookExports } from './support/policy-run.ts';
import { program } from './support/programs.ts';
import { requires } from './support/requirements.ts';
import { runProgram } from './support/subject.ts';

const PATH = '/merlon-refused';

function sound(name: string): string {
  return `apiVersion: cilium.io/v1alpha1
kind: TracingPolicy
metadata:
  name: ${name}
spec:
  kprobes:
  - call: sys_faccessat
    syscall: true
    args:
    - {index: 1, type: string}
    selectors:
    - matchArgs:
      - {index: 1, operator: Equal, values: ["${PATH}"]}
`;
}

/** The kernel has a function bpf_lsm_verify_prog(), but no hook of this name; only the verifier knows. */
function refused(name: string): string {
  return `apiVersion: cilium.io/v1alpha1
kind: TracingPolicy
metadata:
  name: ${name}
spec:
  lsmhooks:
  - hook: verify_prog
`;
}

const LOG = /attach_btf_id \d+ points to wrong type name bpf_lsm_verify_prog/;

describe(
  'a policy that the verifier refuses',
  { skip: requires('root', 'btf', 'trampolines', 'bpfLsm') },
  () => {
    let agent: Agent;
    let places: Places;
    before(async () => {
      places = new Places();
      const path = join(places.directory, 'policies.yaml');
      writeFileSync(path, [sound('first'), refused('impossible'), sound('last')].join('---\n'));
      agent = await Agent.start({ places, flags: ['--policy', path], wanted: () => false });
    });
    after(() => agent.dispose());

    const list = (): Record<string, { state: string; error?: string }> => {
      const { stdout } = merlon('policy', 'list', '-o', 'json', '--run-dir', places.runDir);
      const { policies } = JSON.parse(stdout) as {
        policies: { name: string; state: string; error?: string }[];
      };
      return Object.fromEntries(policies.map(({ name, ...rest }) => [name, rest]));
    };

    test('at the start it is left out, and said so in the log, the list and the status', async () => {
      const { first, impossible, last } = list();
      assert.deepEqual(
        [first?.state, impossible?.state, last?.state],
        ['TP_STATE_ENABLED', 'TP_STATE_LOAD_ERROR', 'TP_STATE_ENABLED'],
      );
      assert.match(impossible?.error ?? '', LOG);
      const logged = agent.log().filter(({ msg }) => msg === 'A policy is not in force');
      assert.deepEqual(
        logged.map(({ policy }) => policy),
        ['impossible'],
      );
      assert.match(String(logged[0]?.remedy), LOG);
      assert.match(
        merlon('status', '--run-dir', places.runDir).stdout,
        /Policy "impossible" is not in force/,
      );
      await runProgram(program('repeat-access'), ['1', '1', '1', '0', PATH]);
    });

    test('through the door it is refused with the log, and changes nothing', async () => {
      const path = join(places.directory, 'late.yaml');
      writeFileSync(path, refused('late'));
      const { status, stdout } = merlon('policy', 'add', path, '--run-dir', places.runDir);
      assert.equal(status, 1);
      assert.match(stdout, /late\.yaml:7:5: Cannot load policy "late"/);
      assert.match(stdout, LOG);
      assert.match(stdout, /Nothing was changed\n$/);
      assert.deepEqual(Object.keys(list()), ['first', 'impossible', 'last']);
      await runProgram(program('repeat-access'), ['1', '1', '1', '0', PATH]);
    });

    test('the others have seen everything', async () => {
      assert.equal(await agent.stop(), 0);
      const seen = hookExports(places).map(({ policy_name }) => policy_name);
      assert.deepEqual(seen.sort(), ['first', 'first', 'last', 'last']);
    });
  },
);
