// SPDX-License-Identifier: Apache-2.0
// Post with imaHash: the hash that the kernel's IMA takes of the file that an LSM hook is about.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { OpenStage } from './policy/stage.ts';
import { type HookExport, runWithPolicy } from './support/policy-run.ts';
import { requires } from './support/requirements.ts';

function nameOf(hook: string, type: string): string {
  return `${hook}-${type}`.replaceAll('_', '-');
}

function document(hook: string, type: string, path: string, action: string): string {
  return `
apiVersion: cilium.io/v1alpha1
kind: TracingPolicy
metadata: { name: ${nameOf(hook, type)} }
spec:
  lsmhooks:
  - hook: ${hook}
    args: [{ index: 0, type: ${type} }]
    selectors:
    - matchArgs: [{ index: 0, operator: Equal, values: ["${path}"] }]
      matchActions: [{ action: Post${action} }]
`;
}

/** Two policies with more values than one program has, so that the hook's programs go on in a second one. */
const FIELDS = [
  ['pid', 'tgid', 'flags', 'prio', 'static_prio', 'normal_prio', 'exit_state', 'exit_code', 'exit_signal'],
  [
    'personality',
    'policy',
    'nr_cpus_allowed',
    'timer_slack_ns',
    'start_time',
    'start_boottime',
    'utime',
    'stime',
  ],
];

function partDocument(part: number, path: string): string {
  const data = FIELDS[part]?.map(
    (field, index) => `{ index: ${index}, type: uint64, source: current_task, resolve: ${field} }`,
  );
  return document('file_open', 'file', path, HASHED)
    .replace('name: file-open-file', `name: part-${part}`)
    .replace('    selectors:', `    data: [${data?.join(', ')}]\n    selectors:`);
}

/** More than there are places for working memory on a CPU. */
const OPENS = 20;

const CONTENT = 'what the file holds';
const HASHED = ', imaHash: true';

const SKIP = requires('root', 'btf', 'trampolines', 'bpfLsm');
// A suite that is skipped would not be counted.
if (SKIP !== false) test('imaHash', { skip: SKIP }, () => undefined);
else
  describe('imaHash', () => {
    let stage: OpenStage;
    let events: HookExport[];
    let digest: string;

    before(async () => {
      stage = await OpenStage.open();
      const { call, otherCall, directory } = stage;
      for (const name of ['plain', 'parts']) writeFileSync(`${directory}/${name}`, CONTENT);
      const policies = [
        document('bprm_check_security', 'linux_binprm', otherCall, HASHED),
        document('bprm_check_security', 'auto', otherCall, ''),
        document('file_open', 'file', `${directory}/plain`, HASHED),
        ...FIELDS.map((_, part) => partDocument(part, `${directory}/parts`)),
      ];
      digest = `sha256:${createHash('sha256').update(readFileSync(otherCall)).digest('hex')}`;
      events = await runWithPolicy(policies.join('---\n'), async () => {
        await stage.run({ steps: `exec ${otherCall} ; openat -100 =${directory}/plain 0 0`, program: call });
        await stage.run({ steps: `openat -100 =${directory}/other 0 0`, program: call });
        const open = `openat -100 =${directory}/parts 0 0`;
        await stage.run({ steps: Array.from({ length: OPENS }, () => open).join(' ; '), program: call });
      });
    });

    after(async () => await stage.close());

    const of = (policy: string): HookExport[] => events.filter(({ policy_name: name }) => name === policy);

    test('of a binary that is executed it is that of its bytes', () => {
      assert.deepEqual(
        of('bprm-check-security-linux-binprm').map(({ ima_hash: hash }) => hash),
        [digest],
      );
    });

    test('another policy on the hook does not show what it has not asked for', () => {
      assert.deepEqual(
        of('bprm-check-security-auto').map(({ ima_hash: hash }) => hash),
        [undefined],
      );
    });

    test('of a file that is about to be opened it is that of its bytes, or the event says that there is none', () => {
      const [opened, ...more] = of('file-open-file');
      assert.deepEqual(more, []);
      if (opened?.ima_hash === undefined) assert.deepEqual(opened?.merlon.unreadable, ['ima_hash']);
      else assert.equal(opened.ima_hash, `sha256:${createHash('sha256').update(CONTENT).digest('hex')}`);
    });

    test('of policies that need several programs every open has its event', () => {
      for (const part of FIELDS.keys()) assert.equal(of(`part-${part}`).length, OPENS);
    });
  });
