// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';
import { closeSync, copyFileSync, mkdirSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { program } from '../support/programs.ts';
import { policyDocument } from './policy-text.ts';
import { type Form, WAYS, type Way } from './ways.ts';

/** What test/programs/bypass.c reports. */
export interface BypassReport {
  readonly bytes: number;
  /** errno of the call that failed */
  readonly error: number;
}

/** `control`: files that no rule is about. */
export type Group = Form | 'control';

const GROUPS: readonly Group[] = ['path', 'inode', 'access', 'control'];

/** A file for each way and form of rule, of which each has a descriptor open from before the policies. */
export class BypassStage {
  readonly #directory = mkdtempSync(join(tmpdir(), 'merlon-bypass-'));
  readonly #held = new Map<string, number>();

  constructor() {
    for (const group of GROUPS)
      for (const { name } of WAYS) {
        const place = this.#placeOf(group, name);
        for (const entry of ['files', 'scratch']) mkdirSync(join(place, entry), { recursive: true });
        copyFileSync(program('bypass'), this.#fileOf(group, name));
        this.#held.set(`${group} ${name}`, openSync(this.#fileOf(group, name), 'r'));
      }
  }

  /** A policy for each form, which denies what it can. */
  policies(): string[] {
    const hook = (name: string, form: Form, type = 'file'): string => `- hook: ${name}
  args: [{index: 0, type: ${type}}]
  selectors:
  - matchArgs: [{index: 0, operator: Equal, values: ${JSON.stringify(this.#files(form))}}]
    matchActions: [{action: Override, argError: -1}]
`;
    const path = { 'on-unreadable': 'match' };
    const inode = { ...path, 'match-inode': 'true' };
    const access = ['file_open', 'file_permission', 'mmap_file'].map((name) => hook(name, 'access')).join('');
    return [
      policyDocument('path', `lsmhooks:\n${hook('file_open', 'path')}`, path),
      policyDocument('inode', `lsmhooks:\n${hook('file_open', 'inode')}`, inode),
      policyDocument('access', `lsmhooks:\n${access}${hook('path_truncate', 'access', 'path')}`, inode),
    ];
  }

  attempt(group: Group, { name }: Way): BypassReport {
    const args = [name, this.#fileOf(group, name), join(this.#placeOf(group, name), 'scratch')];
    const held = this.#held.get(`${group} ${name}`);
    const { stdout, stderr, status } = spawnSync(program('bypass'), args, {
      stdio: ['ignore', 'pipe', 'pipe', held],
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`bypass ${args.join(' ')} ended with ${status}: ${stderr}`);
    return JSON.parse(stdout) as BypassReport;
  }

  close(): void {
    for (const fd of this.#held.values()) closeSync(fd);
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #files(form: Form): string[] {
    return WAYS.map(({ name }) => this.#fileOf(form, name));
  }

  #placeOf(group: Group, way: string): string {
    return join(this.#directory, group, way);
  }

  #fileOf(group: Group, way: string): string {
    return join(this.#placeOf(group, way), 'files', 'guarded');
  }
}
