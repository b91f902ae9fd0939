// SPDX-License-Identifier: Apache-2.0
import type { BpfMap } from '../../native/index.d.ts';
import { AgentError } from '../base/errors.ts';
import type { KernelFacts } from '../plan/kernel-facts.ts';
import { OWNER_MAP } from './hook-instance.ts';
import type { PolicyPins } from './policy-pins.ts';
import { newGroup } from './policy-pins.ts';
import { SockOwners } from './sock-owners.ts';

/** Whose each socket is: noted only while a program looks at it. */
export class OwnerTracking {
  readonly #attach: KernelFacts['attach'];
  readonly #shared: Map<string, BpfMap>;
  readonly #pins: PolicyPins;
  readonly #group = newGroup('owners');
  #owners: SockOwners | undefined;
  #problem: string | undefined;

  constructor(attach: KernelFacts['attach'], shared: Map<string, BpfMap>, pins: PolicyPins) {
    this.#attach = attach;
    this.#shared = shared;
    this.#pins = pins;
    // What an earlier agent has noted, and still notes until this one's programs are in force.
    const earlier = pins.openMap(OWNER_MAP);
    if (earlier !== undefined) shared.set(OWNER_MAP, earlier);
  }

  /** Why events name no owner of a socket that no rule tracks; undefined when they do, or no policy has a socket. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Sockets get an owner by themselves where the kernel has a way; else only where a rule tracks them. */
  start(): void {
    const owners = this.#shared.get(OWNER_MAP);
    const states = this.#shared.get('process_states');
    if (this.#owners !== undefined || owners === undefined || states === undefined) return;
    const { trampoline, kprobe } = this.#attach;
    this.#problem = trampoline || kprobe ? undefined : 'The kernel has neither trampolines nor kprobes';
    if (this.#problem !== undefined) return;
    try {
      this.#owners = new SockOwners(trampoline ? 'trampoline' : 'kprobe', owners, states);
      this.#pins.keep(this.#group, this.#owners.pinned(owners));
    } catch (error) {
      if (!(error instanceof AgentError)) throw error;
      this.#owners?.close();
      this.#owners = undefined;
      this.#problem = error.message;
    }
  }

  /** What nothing keeps up to date any more is not used again; with `keep`, what is pinned goes on. */
  stop(keep = false): void {
    if (!keep) this.#pins.drop(this.#group);
    this.#owners?.close();
    this.#owners = undefined;
    this.#problem = undefined;
    this.#shared.get(OWNER_MAP)?.close();
    this.#shared.delete(OWNER_MAP);
  }
}
