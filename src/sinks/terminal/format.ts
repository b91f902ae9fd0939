// SPDX-License-Identifier: Apache-2.0
import { isSnapshot } from '../../encode/compact-json.ts';
import type { CompactOptions, ExportEvent } from '../../encode/compact.ts';
import { formatCompact } from '../../encode/compact.ts';
import { escapeHidden } from '../../encode/escape.ts';
import type { StreamFormat } from '../stream/options.ts';

/**
 * JSON lines as readable ones. The processes that ran before the agent would be hundreds of lines: they become one, as
 * soon as something happens or nothing more comes.
 */
export class TerminalFormat implements StreamFormat {
  readonly #options: () => CompactOptions;
  readonly #foldSnapshot: boolean;
  #folded = 0;

  /** `options` is asked once per batch: a terminal's width changes. */
  constructor(options: () => CompactOptions, foldSnapshot: boolean) {
    this.#options = options;
    this.#foldSnapshot = foldSnapshot;
  }

  lines(lines: Buffer): Uint8Array {
    const options = this.#options();
    let text = '';
    for (const line of lines.toString().split('\n')) {
      if (line !== '') text += this.#line(line, options);
    }
    return Buffer.from(text);
  }

  idle(): Uint8Array {
    return Buffer.from(this.#summary());
  }

  #line(line: string, options: CompactOptions): string {
    const event = parse(line);
    if (event === undefined) return `${escapeHidden(line)}\n`;
    if (this.#foldSnapshot && isSnapshot(event)) {
      this.#folded++;
      return '';
    }
    return `${this.#summary()}${formatCompact(event, options)}\n`;
  }

  #summary(): string {
    const count = this.#folded;
    this.#folded = 0;
    if (count === 0) return '';
    const processes = count === 1 ? '1 process that was' : `${count} processes that were`;
    return `👀 watching ${processes} running before\n`;
  }
}

function parse(line: string): ExportEvent | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as ExportEvent) : undefined;
  } catch {
    return undefined;
  }
}
