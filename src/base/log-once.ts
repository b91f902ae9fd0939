// SPDX-License-Identifier: Apache-2.0
import type { Logger } from './log.ts';

export interface LogOnceOptions {
  /** how often repeats are summed up in one line */
  summaryMs?: number;
  /** most causes to tell apart; any further ones are counted as one */
  causes?: number;
}

/**
 * Logs each cause the first time it appears, then only counts it; every `summaryMs` one line with the field `repeated`
 * says how many more there were. Memory is bounded by `causes`.
 */
export class LogOnce {
  readonly #log: Logger;
  readonly #summaryMs: number;
  readonly #causes: number;
  readonly #repeated = new Map<string, { level: 'error' | 'warn'; msg: string; count: number }>();
  #timer: NodeJS.Timeout | undefined;

  constructor(log: Logger, options: LogOnceOptions = {}) {
    this.#log = log;
    this.#summaryMs = options.summaryMs ?? 60_000;
    this.#causes = options.causes ?? 256;
  }

  /** `cause` tells repeats apart; `msg` is constant text. */
  warn(cause: string, msg: string, fields: object = {}): void {
    this.#report('warn', cause, msg, fields);
  }

  error(cause: string, msg: string, fields: object = {}): void {
    this.#report('error', cause, msg, fields);
  }

  /** Writes the counts that no summary has shown yet, and ends the timer. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#summarise();
  }

  #report(level: 'error' | 'warn', cause: string, msg: string, fields: object): void {
    const known = this.#repeated.get(cause);
    if (known !== undefined) {
      known.count++;
    } else if (this.#repeated.size < this.#causes) {
      this.#repeated.set(cause, { level, msg, count: 0 });
      this.#log[level]({ cause, ...fields }, msg);
      return;
    } else {
      this.#countOther(level);
    }
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#summarise();
    }, this.#summaryMs).unref();
  }

  #countOther(level: 'error' | 'warn'): void {
    const other = this.#repeated.get(OTHER) ?? { level, msg: 'Further causes are not told apart', count: 0 };
    other.count++;
    this.#repeated.set(OTHER, other);
  }

  #summarise(): void {
    for (const [cause, entry] of this.#repeated) {
      if (entry.count === 0) continue;
      this.#log[entry.level]({ cause, repeated: entry.count }, entry.msg);
      entry.count = 0;
    }
  }
}

const OTHER = '(other)';
