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

/** By policy: more values than one program has, so that the hook's programs go on in a second one. */
const FIELDS = [
  ['f_flags', 'f_mode', 'f_pos', 'f_inode.i_ino'],
  ['f_inode.i_mode', 'f_inode.i_size', 'f_inode.i_blkbits', 'f_inode.i_flags'],
  ['f_inode.i_uid.val', 'f_inode.i_gid.val', 'f_inode.i_opflags', 'f_inode.i_generation'],
  ['f_inode.i_sb.s_dev', 'f_inode.i_sb.s_magic', 'f_inode.i_sb.s_blocksize', 'f_inode.i_sb.s_flags'],
  ['f_inode.i_sb.s_maxbytes', 'f_inode.i_sb.s_blocksize_bits', 'f_inode.i_sb.s_iflags', 'f_inode.i_rdev'],
];

function partDocument(part: number, path: string): string {
  const args = (FIELDS[part] ?? []).map((field) => `, { index: 0, type: auto, resolve: ${field} }`);
  return document('file_open', 'file', path, HASHED)
    .replace('name: file-open-file', `name: part-${part}`)
    .replace('type: file }', `type: file }${args.join('')}`);
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
