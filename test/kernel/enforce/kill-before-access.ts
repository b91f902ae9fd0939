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

/** A protection with the reader and the file that it is about. */
class Stage {
  readonly protection: Protection;
  readonly policy: string;
  readonly #reader: string;
  readonly #guarded: string;
  readonly #open: string;

  constructor(protection: Protection, number: number, directory: string) {
    this.protection = protection;
    this.policy = `guard-${number}`;
    this.#reader = join(directory, `read-guarded-${number}`);
    this.#guarded = join(directory, `guarded-${number}`);
    this.#open = join(directory, 'open');
    copyFileSync(program('read-guarded'), this.#reader);
    for (const path of [this.#guarded, this.#open]) writeFileSync(path, 'secret');
  }

  get document(): string {
    const { hook, index, action } = this.protection;
    return policyDocument(
      this.policy,
      `${hook}
  selectors:
  - matchBinaries: [{operator: In, values: ["${this.#reader}"]}]
    matchArgs: [{index: ${index}, operator: Equal, values: ["${this.#guarded}"]}]
    matchActions: [${action}]`,
    );
  }

  async attempt(attempts: number): Promise<void> {
    const { end } = this.protection;
    const control = await runProgram<Report>(this.#reader, [this.#open, '1', '1']);
    assert.deepEqual(control, { killed: 0, refused: 0, opened: 1, bytes: 6 });
    const report = await runProgram<Report>(this.#reader, [
      ...[this.#guarded, String(READERS), String(attempts)],
    ]);
    assert.deepEqual(report, { killed: 0, refused: 0, opened: 0, bytes: 0, [end]: attempts });
  }
}

/** By each protection readers attempt to read a file: none receives a byte, and each attempt has its event. */
export async function runKillBeforeAccess(
  protections: readonly Protection[],
  attempts: number,
): Promise<object> {
  return await withDirectory(async (directory) => {
    const stages = protections.map((protection, number) => new Stage(protection, number, directory));
    const agent = await startWithPolicies(stages.map(({ document }) => document));
    try {
      assert.deepEqual(policyFailures(agent), []);
      for (const stage of stages) await stage.attempt(attempts);
      await agent.stop();
      const { lost } = agent.events;
      const events = hookEvents(agent);
      assert.ok(events.length >= attempts * stages.length - lost, `${events.length} events, ${lost} lost`);
      for (const { policy, protection } of stages) {
        const verdicts = events.filter((event) => event.policy_name === policy).map(verdictOf);
        assert.ok(verdicts.length <= attempts, `${verdicts.length} events of ${protection.name}`);
        const wanted = protection.end === 'killed' ? 'killed' : 'denied';
        assert.ok(verdicts.every((verdict) => verdict === wanted));
      }
      const names = protections.map(({ name }) => name);
      return { protections: names, attempts, bytes: 0, events: events.length, lost };
    } finally {
      await agent.dispose();
    }
  });
}
