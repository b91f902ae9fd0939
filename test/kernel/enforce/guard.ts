// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { program } from '../support/programs.ts';
import { requires } from '../support/requirements.ts';
import { Subject } from '../support/subject.ts';
import { policyDocument } from './policy-text.ts';

/** A file, and a policy that keeps a program from opening it by the strongest way that this kernel has. */
export class Guard {
  readonly #call: string;
  readonly #guarded: string;
  readonly #denies = requires('bpfLsm') === false;

  constructor(directory: string) {
    this.#call = join(directory, 'call');
    this.#guarded = join(directory, 'guarded');
    copyFileSync(program('call'), this.#call);
    writeFileSync(this.#guarded, 'secret');
  }

  /** The policy `guard`, whose every version denies the same. `more`: further paths that nothing opens. */
  policy(more: readonly string[] = []): string {
    const [hook, index, type, action] = this.#denies
      ? ['lsmhooks:\n- hook: file_open', 0, 'file', '{action: Override, argError: -1}']
      : ['kprobes:\n- call: sys_openat\n  syscall: true', 1, 'string', '{action: Sigkill}'];
    return policyDocument(
      'guard',
      `${hook}
  args: [{index: ${index}, type: ${type}}]
  selectors:
  - matchBinaries: [{operator: In, values: ["${this.#call}"]}]
    matchArgs: [{index: ${index}, operator: Equal, values: ${JSON.stringify([this.#guarded, ...more])}}]
    matchActions: [${action}]`,
    );
  }

  /** Attempts the open, and another one that passes. */
  async assertHolds(): Promise<void> {
    const open = async (path: string): Promise<unknown> => {
      const subject = new Subject(this.#call, ['openat', '-100', `=${path}`, '0']);
      const end = await subject.end();
      return end === 0 ? (await subject.report<{ results: number[] }>()).results : end;
    };
    assert.deepEqual(await open(this.#guarded), this.#denies ? [-1] : 'SIGKILL');
    assert.deepEqual(await open(this.#call), [3]);
  }
}
