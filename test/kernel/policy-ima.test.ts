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
      writeFileSync(`${directory}/plain`, CONTENT);
      const policies = [
        document('bprm_check_security', 'linux_binprm', otherCall, HASHED),
        document('bprm_check_security', 'auto', otherCall, ''),
        document('file_open', 'file', `${directory}/plain`, HASHED),
      ];
      digest = `sha256:${createHash('sha256').update(readFileSync(otherCall)).digest('hex')}`;
      events = await runWithPolicy(policies.join('---\n'), async () => {
        await stage.run({ steps: `exec ${otherCall} ; openat -100 =${directory}/plain 0 0`, program: call });
        await stage.run({ steps: `openat -100 =${directory}/other 0 0`, program: call });
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
  });
