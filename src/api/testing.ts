// SPDX-License-Identifier: Apache-2.0
import type { JsonObject } from '@bufbuild/protobuf';
import type { AgentStatus, AgentView, PolicyChanges, PolicyView } from './view.ts';

type Listener = Parameters<AgentView['feed']['subscribe']>[0];

/** An agent for the tests of the door and of the commands: it shows what it is told. */
export class FakeView implements AgentView {
  readonly version = 'v0.1.0';
  readonly listeners = new Set<Listener>();
  readonly feed = {
    subscribe: (listener: Listener) => {
      this.listeners.add(listener);
      return () => void this.listeners.delete(listener);
    },
  };
  health = () => ({ state: 'running' as const, details: 'All is well' });
  status = (): AgentStatus => ({ pid: 7, lanes: [{ name: 'lifecycle', received: 2n ** 63n, lost: 1n }] });
  processes = (): JsonObject[] => [];
  policies = (): PolicyView[] => [];
  measurePolicies = (): Promise<PolicyView[]> => Promise.resolve(this.policies());
  /** what was asked for, a word and what it was about */
  readonly changes: (readonly [string, unknown])[] = [];
  readonly policyChanges: PolicyChanges = {
    add: (texts, { domain, replace, mode }) => {
      void this.#note('add', {
        texts: texts.map(({ text }) => text),
        domain,
        replace,
        ...(mode && { mode }),
      });
      return Promise.resolve([{ namespace: '', name: 'added', replaced: replace }]);
    },
    compare: (texts) => {
      void this.#note('compare', { texts: texts.map(({ text }) => text) });
      return Promise.resolve({
        policies: [{ namespace: '', name: 'compared', change: 'new' }],
        programs: [{ key: 'fentry:f', part: 0, change: 'unchanged' }],
      });
    },
    delete: ({ name }) => this.#note('delete', name),
    enable: ({ name }) => this.#note('enable', name),
    disable: ({ name }) => this.#note('disable', name),
    setMode: ({ name }, mode) => this.#note(mode, name),
  };

  #note(change: string, about: unknown): Promise<void> {
    this.changes.push([change, about]);
    return Promise.resolve();
  }

  emit(...events: object[]): void {
    const chunk = Buffer.from(events.map((event) => `${JSON.stringify(event)}\n`).join(''));
    for (const listener of this.listeners) listener(chunk, events.length);
    chunk.fill(0);
  }

  /** Resolves when as many clients as given read events. */
  async readers(count: number): Promise<void> {
    while (this.listeners.size !== count) await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** An exec event whose time is its pid in nanoseconds. */
export function exec(pid: number, more: object = {}): object {
  return {
    process_exec: { process: { pid } },
    time: `2026-01-01T00:00:00.${String(pid).padStart(9, '0')}Z`,
    ...more,
  };
}
