// SPDX-License-Identifier: Apache-2.0
import type { BpfMap } from '../../native/index.d.ts';
import { BpfError } from '../kernel/bpf-error.ts';
import type { KernelFacts } from '../plan/kernel-facts.ts';
import { OWNER_MAP } from './hook-instance.ts';
import { SockOwners } from './sock-owners.ts';

/** Whose each socket is: noted only while a program looks at it. */
export class OwnerTracking {
  readonly #attach: KernelFacts['attach'];
  readonly #shared: Map<string, BpfMap>;
  #owners: SockOwners | undefined;
  #problem: string | undefined;

  constructor(attach: KernelFacts['attach'], shared: Map<string, BpfMap>) {
    this.#attach = attach;
    this.#shared = shared;
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
    try {
      this.#problem = trampoline || kprobe ? undefined : 'The kernel has neither trampolines nor kprobes';
      if (trampoline || kprobe)
        this.#owners = new SockOwners(trampoline ? 'trampoline' : 'kprobe', owners, states);
    } catch (error) {
      if (!(error instanceof BpfError)) throw error;
      this.#problem = error.message;
    }
  }

  /** What nothing keeps up to date any more is not used again. */
  stop(): void {
    this.#owners?.close();
    this.#owners = undefined;
    this.#problem = undefined;
    this.#shared.get(OWNER_MAP)?.close();
    this.#shared.delete(OWNER_MAP);
  }
}
