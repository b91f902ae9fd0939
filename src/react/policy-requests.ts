// SPDX-License-Identifier: Apache-2.0
import type { LogOnce } from '../base/log-once.ts';
import type { FindHook, Hook, HookPolicy, HookRequest } from '../events/hook.ts';
import type { HookRecord } from '../events/hook-record.ts';
import { getUrl } from './get-url.ts';
import { lookUpName } from './look-up-name.ts';

/** Requests of one policy that may wait; further ones are dropped and counted. */
const WAITING_MAX = 64;
const TIMEOUT_MS = 5_000;

export interface PolicyRequestsParts {
  readonly findHook: FindHook;
  readonly logOnce: Pick<LogOnce, 'warn'>;
  /** of one request with all that follows from it */
  readonly timeoutMs?: number;
  /** name servers, `address:port`; those of /etc/resolv.conf without */
  readonly servers?: readonly string[];
}

export interface PolicyRequestsStats {
  readonly answered: number;
  readonly failed: number;
  readonly dropped: number;
}

interface Line {
  readonly policy: string;
  readonly waiting: HookRequest[];
}

/**
 * What GetUrl and DnsLookup ask for: a request for each event of their rules, one at a time for each policy, in the order of
 * the events. The events do not wait for it.
 */
export class PolicyRequests {
  readonly #parts: PolicyRequestsParts;
  readonly #timeoutMs: number;
  readonly #closing = new AbortController();
  readonly #lines = new Map<string, Line>();
  /** the policies of a hook that have requests */
  readonly #asking = new WeakMap<Hook, readonly HookPolicy[]>();
  #answered = 0;
  #failed = 0;
  #dropped = 0;

  constructor(parts: PolicyRequestsParts) {
    this.#parts = parts;
    this.#timeoutMs = parts.timeoutMs ?? TIMEOUT_MS;
  }

  get stats(): PolicyRequestsStats {
    return { answered: this.#answered, failed: this.#failed, dropped: this.#dropped };
  }

  /**
   * Takes note of an event. `record` is read before this returns. The agent's own events ask for nothing: a request makes
   * events itself.
   */
  see(record: HookRecord): void {
    if (this.#closing.signal.aborted || record.process.tgid === process.pid) return;
    const hook = this.#parts.findHook(record.generation, record.hook);
    if (hook === undefined) return;
    for (const policy of this.#askingOf(hook)) {
      const { firstRule, rules } = policy;
      const rule = record.nextRule(firstRule);
      if (rule < 0) continue;
      // Of another policy when it is beyond this one's.
      for (const request of rules[rule - firstRule]?.requests ?? []) this.#add(policy, request);
    }
  }

  /** Gives up what is under way and what waits. */
  close(): void {
    this.#closing.abort();
    for (const { waiting } of this.#lines.values()) waiting.length = 0;
  }

  #askingOf(hook: Hook): readonly HookPolicy[] {
    let asking = this.#asking.get(hook);
    if (asking === undefined) {
      asking = hook.policies.filter(({ rules }) => rules.some(({ requests = [] }) => requests.length > 0));
      this.#asking.set(hook, asking);
    }
    return asking;
  }

  #add({ name, namespace }: HookPolicy, request: HookRequest): void {
    if (this.#closing.signal.aborted) return;
    const policy = namespace === undefined ? name : `${namespace}/${name}`;
    const line = this.#lines.get(policy);
    if (line === undefined) {
      const first = { policy, waiting: [request] };
      this.#lines.set(policy, first);
      void this.#work(first);
    } else if (line.waiting.length < WAITING_MAX) {
      line.waiting.push(request);
    } else {
      this.#dropped++;
      this.#parts.logOnce.warn(
        `requests-dropped:${policy}`,
        'Requests of a policy come too fast; some are dropped',
        {
          policy,
        },
      );
    }
  }

  async #work(line: Line): Promise<void> {
    for (let request = line.waiting.shift(); request !== undefined; request = line.waiting.shift()) {
      const reason = await this.#perform(request);
      if (this.#closing.signal.aborted) break;
      if (reason === undefined) this.#answered++;
      else this.#fail(line, request, reason);
    }
    this.#lines.delete(line.policy);
  }

  async #perform(request: HookRequest): Promise<string | undefined> {
    const ending = new AbortController();
    const end = (): void => ending.abort();
    const timer = setTimeout(end, this.#timeoutMs);
    this.#closing.signal.addEventListener('abort', end);
    const { signal } = ending;
    try {
      return request.kind === 'url'
        ? await getUrl(request.url, signal)
        : await lookUpName(request.name, signal, this.#parts.servers);
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    } finally {
      clearTimeout(timer);
      this.#closing.signal.removeEventListener('abort', end);
    }
  }

  /** Where to is not logged: URLs hold secrets. */
  #fail({ policy }: Line, { kind }: HookRequest, reason: string): void {
    this.#failed++;
    const action = kind === 'url' ? 'GetUrl' : 'DnsLookup';
    this.#parts.logOnce.warn(`request:${policy}:${action}:${reason}`, 'A request of a policy failed', {
      policy,
      action,
      reason,
    });
  }
}
