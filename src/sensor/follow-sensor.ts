// SPDX-License-Identifier: Apache-2.0
import { closeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { BpfLink, BpfMap } from '../../native/index.d.ts';
import { addon } from '../kernel/addon.ts';
import { BpfError } from '../kernel/bpf-error.ts';
import type { RuleMask } from '../plan/rule-mask.ts';

const OBJECT = fileURLToPath(new URL('../../build/bpf/follow.bpf.o', import.meta.url));

/** What processes inherit for followChildren and followForks, while a policy needs it. */
export class FollowSensor {
  readonly sets: BpfMap;
  readonly #link: BpfLink;

  /** From here on a new process gets its parent's set. */
  constructor() {
    const object = new addon.BpfObject(OBJECT);
    try {
      object.load();
      this.sets = object.map('followed_sets');
      const program = object.program('follow_fork');
      this.#link = program.attach({ kind: 'trace' });
      program.close();
    } finally {
      object.close();
    }
  }

  /** Adds to what a living process has met; does nothing when it has ended. */
  add(tgid: number, met: RuleMask): void {
    let pidfd: number;
    try {
      pidfd = addon.pidfdOpen(tgid);
    } catch (error) {
      if (error instanceof BpfError && error.errnoName === 'ESRCH') return;
      throw error;
    }
    try {
      const key = new Uint8Array(Uint32Array.of(pidfd).buffer);
      const known = this.sets.get(key);
      const bytes = Uint8Array.from(met.bytes, (byte, index) => byte | (known?.[index] ?? 0));
      this.sets.set(key, bytes);
    } catch (error) {
      // It ended meanwhile.
      if (!(error instanceof BpfError && ['ENOENT', 'ESRCH'].includes(error.errnoName))) throw error;
    } finally {
      closeSync(pidfd);
    }
  }

  close(): void {
    this.#link.close();
    this.sets.close();
  }
}
