// SPDX-License-Identifier: Apache-2.0
// Policies of a running agent change through its door: each change is in force when the command returns, or not at all.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Agent } from './support/agent.ts';
import type { CommandResult } from './support/command.ts';
import { merlon } from './support/command.ts';
import { hookExports } from './support/policy-run.ts';
import { program } from './support/programs.ts';
import { requires } from './support/requirements.ts';
import { runProgram } from './support/subject.ts';

/** Sees the paths that begin with `prefix`. */
function document(name: string, prefix: string, type = 'string'): string {
  return `apiVersion: cilium.io/v1alpha1
kind: TracingPolicy
metadata:
  name: ${name}
spec:
  kprobes:
  - call: sys_faccessat
    syscall: true
    args:
    - {index: 1, type: ${type}}
    selectors:
    - matchArgs:
      - {index: 1, operator: Prefix, values: ["${prefix}"]}
`;
}

// Nothing of it differs by kernel, and each of its commands takes seconds in an emulated guest.
const SKIP = requires('root', 'btf', 'host');
// A suite that is skipped would not be counted.
if (SKIP !== false) test('changes of policies', { skip: SKIP }, () => undefined);
else
  describe('changes of policies', () => {
    let agent: Agent;
    let directory: string;
    const policy = (...args: string[]): CommandResult =>
      merlon('policy', ...args, '--run-dir', agent.places.runDir);
    const write = (name: string, text: string): string => {
      const path = join(directory, name);
      writeFileSync(path, text);
      return path;
    };
    /** Each is accessed once, by a process of its own. */
    const access = (...paths: string[]): Promise<unknown> =>
      runProgram(program('repeat-access'), ['1', '1', '1', '0', ...paths]);
    const states = (): Record<string, string> => {
      const { policies = [] } = JSON.parse(policy('list', '-o', 'json').stdout) as {
        policies?: { name: string; state: string }[];
      };
      return Object.fromEntries(policies.map(({ name, state }) => [name, state]));
    };

    before(async () => {
      agent = await Agent.start({ flags: ['--policy-dir', '/nonexistent'], wanted: () => false });
      ({ directory } = agent.places);
    });
    after(() => agent.dispose());

    test('what is added, replaced, disabled, enabled and deleted decides which events come', async () => {
      const folder = join(directory, 'policies');
      mkdirSync(folder);
      write('policies/one.yaml', document('one', '/merlon-change/'));
      write('policies/two.yaml', document('two', '/merlon-change/'));
      await access('/merlon-change/before');
      const added = policy('add', folder);
      assert.deepEqual([added.status, added.stdout], [0, 'Added one\nAdded two\n']);
      await access('/merlon-change/added');

      assert.equal(policy('disable', 'one').stdout, 'Disabled one\n');
      assert.deepEqual(states(), { one: 'TP_STATE_DISABLED', two: 'TP_STATE_ENABLED' });
      await access('/merlon-change/disabled');
      assert.equal(policy('enable', 'one').stdout, 'Enabled one\n');
      await access('/merlon-change/enabled');

      const other = write('other.yaml', document('two', '/merlon-other/'));
      const refused = policy('add', other);
      assert.equal(refused.status, 1);
      assert.match(
        refused.stdout,
        /other\.yaml:1:1: Cannot add policy "two": one of this name is loaded.*\n.*\n.*\n.*--replace.*\nNothing was changed\n/,
      );
      assert.equal(policy('add', '--replace', other).stdout, 'Replaced two\n');
      await access('/merlon-change/replaced', '/merlon-other/replaced');

      assert.equal(policy('delete', 'one').stdout, 'Deleted one\n');
      assert.deepEqual(states(), { two: 'TP_STATE_ENABLED' });
      await access('/merlon-change/deleted', '/merlon-other/deleted');
      assert.match(policy('delete', 'one').stderr, /^merlon: No policy "one" is loaded/);
      assert.equal(policy('delete', 'two').status, 0);
      await access('/merlon-other/nothing');

      // One that fails leaves what was in force, of a change of several too.
      assert.equal(policy('add', write('kept.yaml', document('kept', '/merlon-kept/'))).status, 0);
      const wrong = write('wrong.yaml', document('kept', '/merlon-wrong/', 'strin'));
      const good = write('good.yaml', document('good', '/merlon-kept/'));
      const broken = policy('add', '--replace', good, wrong);
      assert.equal(broken.status, 1);
      assert.match(
        broken.stdout,
        /wrong\.yaml:10:24: Cannot use "strin"[^]*\^\^\^\^\^[^]*Nothing was changed\n$/,
      );
      const unknown = write('unknown.yaml', document('kept', '/x/').replace('sys_faccessat', 'sys_faccesat'));
      const absent = policy('add', '--replace', good, unknown);
      assert.equal(absent.status, 1);
      assert.match(absent.stdout, /unknown\.yaml:7:11: [^]*sys_faccesat[^]*Nothing was changed\n$/);
      assert.deepEqual(states(), { kept: 'TP_STATE_ENABLED' });
      await access('/merlon-kept/still', '/merlon-wrong/never');

      await agent.stop();
      assert.equal(agent.events.lost, 0);
      const seen = hookExports(agent.places).map(
        ({ policy_name, args }) => `${policy_name} ${String(args[0]?.string_arg)}`,
      );
      assert.deepEqual(seen.sort(), [
        'kept /merlon-kept/still',
        'one /merlon-change/added',
        'one /merlon-change/enabled',
        'one /merlon-change/replaced',
        'two /merlon-change/added',
        'two /merlon-change/disabled',
        'two /merlon-change/enabled',
        'two /merlon-other/deleted',
        'two /merlon-other/replaced',
      ]);
    });
  });
