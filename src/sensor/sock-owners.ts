// SPDX-License-Identifier: Apache-2.0
import { fileURLToPath } from 'node:url';
import type { BpfLink, BpfMap } from '../../native/index.d.ts';
import { addon } from '../kernel/addon.ts';
import type { PinnedObjects } from './pin-group.ts';

const OBJECT = fileURLToPath(new URL('../../build/bpf/sock_owner.bpf.o', import.meta.url));

const FUNCTIONS = {
  sock_opened: 'security_socket_post_create',
  sock_accepted: 'security_sock_graft',
  sock_cloned: 'security_sk_clone',
  sock_freed: 'security_sk_free',
} as const;

/** Keeps who opened each socket, while a policy has a socket among its values. */
export class SockOwners {
  readonly #links = new Map<string, BpfLink>();

  /**
   * From here on a new socket has an owner in `owners` until it is freed. Throws a BpfError where the kernel cannot; nothing
   * is attached then.
   */
  constructor(by: 'trampoline' | 'kprobe', owners: BpfMap, states: BpfMap) {
    const suffix = by === 'kprobe' ? '_kprobe' : '';
    const object = new addon.BpfObject(OBJECT);
    try {
      for (const { name } of object.programs)
        object.setAutoload(name, name.endsWith('_kprobe') === (by === 'kprobe'));
      object.reuseMap('sock_owners', owners);
      object.reuseMap('process_states', states);
      object.load();
      // What forgets comes before what notes: an owner that nothing would remove must not be.
      for (const [name, functionName] of Object.entries(FUNCTIONS).toReversed()) {
        const program = object.program(`${name}${suffix}`);
        const kind =
          by === 'kprobe'
            ? ({ kind: 'kprobe', function: functionName } as const)
            : ({ kind: 'trace' } as const);
        this.#links.set(name, program.attach(kind));
        program.close();
      }
    } catch (error) {
      this.close();
      throw error;
    } finally {
      object.close();
    }
  }

  /** What has to be pinned so that it goes on without the agent. */
  pinned(owners: BpfMap): PinnedObjects {
    return { maps: new Map([['sock_owners', owners]]), programs: new Map(), links: this.#links };
  }

  /** What was noted stays in the map and goes out of date: the map is not to be used on. */
  close(): void {
    for (const link of this.#links.values()) link.close();
    this.#links.clear();
  }
}
