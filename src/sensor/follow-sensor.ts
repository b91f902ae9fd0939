// SPDX-License-Identifier: Apache-2.0
import { closeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { BpfLink, BpfMap } from '../../native/index.d.ts';
import { Followed } from '../events/gen/layouts.ts';
import { addon } from '../kernel/addon.ts';
import { BpfError } from '../kernel/bpf-error.ts';
import type { Met } from '../plan/follow.ts';
import type { Table } from '../plan/table.ts';
import type { PinnedObjects } from './pin-group.ts';

const OBJECT = fileURLToPath(new URL('../../build/bpf/follow.bpf.o', import.meta.url));

/** What processes inherit for followChildren and followForks, while a policy needs it. */
export class FollowSensor {
  readonly sets: BpfMap;
  readonly #link: BpfLink;

  /** From here on a new process gets its parent's set, and what its pid meets. `sets` are those of an earlier sensor. */
  constructor(pids: Table, sets?: BpfMap) {
    const object = new addon.BpfObject(OBJECT);
    try {
      object.setMap('followed_pids', { maxEntries: Math.max(1, pids.entries) });
      if (sets !== undefined) object.reuseMap('followed_sets', sets);
      object.load();
      this.sets = object.map('followed_sets');
      fill(object.map('followed_pids'), pids);
      const program = object.program('follow_fork');
      this.#link = program.attach({ kind: 'trace' });
      program.close();
    } finally {
      object.close();
    }
  }

  /** Adds to what a living process has met; does nothing when it has ended. */
  add(tgid: number, { met, above }: Met): void {
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
      const added = new Uint8Array(Followed.sizeof);
      added.set(met.bytes, Followed.metWords);
      added.set(above.bytes, Followed.aboveWords);
      this.sets.set(
        key,
        added.map((byte, index) => byte | (known?.[index] ?? 0)),
      );
    } catch (error) {
      // It ended meanwhile.
      if (!(error instanceof BpfError && ['ENOENT', 'ESRCH'].includes(error.errnoName))) throw error;
    } finally {
      closeSync(pidfd);
    }
  }

  /** What has to be pinned so that it goes on without the agent. */
  get pinned(): PinnedObjects {
    return {
      maps: new Map([['followed_sets', this.sets]]),
      programs: new Map(),
      links: new Map([['fork', this.#link]]),
    };
  }

  close(): void {
    this.#link.close();
    this.sets.close();
  }
}

function fill(map: BpfMap, { keys, values, entries }: Table): void {
  if (entries > 0) map.setBatch(keys, values, entries);
  map.close();
}
