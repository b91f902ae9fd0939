// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hookEvents, policyFailures, startWithPolicies } from '../support/hook-events.ts';
import { withDirectory } from '../support/lookup.ts';
import { program } from '../support/programs.ts';
import type { Requirement } from '../support/requirements.ts';
import { runProgram } from '../support/subject.ts';
import { policyDocument, verdictOf } from './policy-text.ts';

/** A way to keep a file from its readers. */
export interface Protection {
  readonly name: string;
  readonly needs: readonly Requirement[];
  /** of the policy, without its selectors */
  readonly hook: string;
  /** the argument that names the file */
  readonly index: number;
  readonly action: string;
  /** how attempts end */
  readonly end: 'killed' | 'refused';
}

const FILE = 'args: [{index: 0, type: file}]';
const SECURITY = `kprobes:\n- call: security_file_open\n  syscall: false\n  ${FILE}`;
const LSM = `lsmhooks:\n- hook: file_open\n  ${FILE}`;
const KILL = '{action: Sigkill}';
const DENY = '{action: Override, argError: -1}';
const killing = { index: 0, action: KILL, end: 'killed' } as const;

export const PROTECTIONS: readonly Protection[] = [
  { name: 'Sigkill at lsm file_open', needs: ['bpfLsm'], hook: LSM, ...killing },
  { name: 'Sigkill at security_file_open', needs: ['trampolines'], hook: SECURITY, ...killing },
  {
    name: 'Override at lsm file_open',
    ...{ needs: ['bpfLsm'], hook: LSM, index: 0, action: DENY, end: 'refused' },
  },
  {
    name: 'Sigkill at the system call openat',
    needs: ['unskippedHits'],
    hook: 'kprobes:\n- call: sys_openat\n  syscall: true\n  args: [{index: 1, type: string}]',
    ...{ ...killing, index: 1 },
  },
];

const READERS = 2;

interface Report {
  readonly killed: number;
  readonly refused: number;
  readonly opened: number;
  readonly bytes: number;
}

/** Readers attempt to read a protected file: none receives a byte, and each attempt has its event. */
export async function runKillBeforeAccess(protection: Protection, attempts: number): Promise<object> {
  return await withDirectory(async (directory) => {
    const { hook, index, action, end } = protection;
    const reader = join(directory, 'read-guarded');
    const guarded = join(directory, 'guarded');
    const open = join(directory, 'open');
    copyFileSync(program('read-guarded'), reader);
    for (const path of [guarded, open]) writeFileSync(path, 'secret');
    const agent = await startWithPolicies([
      policyDocument(
        'guard',
        `${hook}
  selectors:
  - matchBinaries: [{operator: In, values: ["${reader}"]}]
    matchArgs: [{index: ${index}, operator: Equal, values: ["${guarded}"]}]
    matchActions: [${action}]`,
      ),
    ]);
    try {
      assert.deepEqual(policyFailures(agent), []);
      const control = await runProgram<Report>(reader, [open, '1', '1']);
      assert.deepEqual(control, { killed: 0, refused: 0, opened: 1, bytes: 6 });
      const report = await runProgram<Report>(reader, [guarded, String(READERS), String(attempts)]);
      assert.deepEqual(report, { killed: 0, refused: 0, opened: 0, bytes: 0, [end]: attempts });
      await agent.stop();
      const verdicts = hookEvents(agent).map(verdictOf);
      const wanted = end === 'killed' ? 'killed' : 'denied';
      assert.ok(verdicts.every((verdict) => verdict === wanted));
      const { lost } = agent.events;
      assert.ok(
        verdicts.length <= attempts && verdicts.length >= attempts - lost,
        `${verdicts.length} events`,
      );
      return { protection: protection.name, ...report, events: verdicts.length, lost };
    } finally {
      await agent.dispose();
    }
  });
}
