// SPDX-License-Identifier: Apache-2.0
import type { PolicyChanges, PolicyView } from './api/index.ts';
import { AgentError, ErrorCode } from './base/errors.ts';
import type { Policies } from './policies.ts';

/** Opens the policies when they are first needed: reading them takes memory that an agent without any does not need. */
export class LazyPolicies implements PolicyChanges {
  readonly #open: () => Promise<Policies>;
  #opening: Promise<Policies> | undefined;
  #policies: Policies | undefined;
  #closed = false;
  #keep = false;

  constructor(open: () => Promise<Policies>) {
    this.#open = open;
  }

  /** undefined while none were needed. */
  get current(): Policies | undefined {
    return this.#policies;
  }

  add: PolicyChanges['add'] = (texts, how) => this.use((policies) => policies.add(texts, how));
  compare: PolicyChanges['compare'] = (texts) => this.use((policies) => policies.compare(texts));
  delete: PolicyChanges['delete'] = (name) => this.use((policies) => policies.delete(name));
  enable: PolicyChanges['enable'] = (name) => this.use((policies) => policies.enable(name));
  setMode: PolicyChanges['setMode'] = (name, mode) => this.use((policies) => policies.setMode(name, mode));
  disable: PolicyChanges['disable'] = (name) => this.use((policies) => policies.disable(name));

  async measure(durationMs: number): Promise<PolicyView[]> {
    return this.#policies === undefined ? [] : await this.#policies.measure(durationMs);
  }

  /** Throws what `action` throws; ERR_NOT_RUNNING after close(). */
  async use<Result>(action: (policies: Policies) => Result): Promise<Result> {
    this.#refuseWhenClosed();
    this.#opening ??= this.#openOnce();
    const policies = await this.#opening;
    this.#refuseWhenClosed();
    return action(policies);
  }

  /** Detaches everything, unless it is to stay in force. */
  close(keep: boolean): void {
    this.#closed = true;
    this.#keep = keep;
    this.#policies?.close(keep);
  }

  async #openOnce(): Promise<Policies> {
    const policies = await this.#open();
    this.#policies = policies;
    if (this.#closed) policies.close(this.#keep);
    return policies;
  }

  #refuseWhenClosed(): void {
    if (this.#closed)
      throw new AgentError(ErrorCode.NotRunning, 'Cannot use policies: the agent is stopping');
  }
}
