// SPDX-License-Identifier: Apache-2.0
import type { Logger } from '../base/log.ts';
import type { Settings } from '../base/settings.ts';
import { useColor } from '../base/use-color.ts';
import { FileSink } from './file/index.ts';
import type { GapLine, Sink, SinkStats } from './sink.ts';
import { createStdoutSink } from './stdout/index.ts';
import type { StdoutOptions } from './stream/options.ts';
import { createTerminalSink } from './terminal/index.ts';

export type ChunkListener = (chunk: Uint8Array, count: number) => void;

/** Encodes a gap record of a lane; times are Unix nanoseconds. */
export type LaneGapLine = (lane: string, lost: number, fromNs: bigint, toNs: bigint) => Uint8Array;

/** All sinks that the settings ask for, and the readers inside this process: each gets every chunk. */
export class Outputs {
  readonly ended: Promise<void>;
  readonly #sinks: Sink[] = [];
  readonly #listeners = new Set<ChunkListener>();
  #end: () => void = () => undefined;

  constructor(settings: Settings, log: Logger, gapLine: LaneGapLine) {
    this.ended = new Promise((resolve) => (this.#end = resolve));
    const gapLineOf =
      (name: string): GapLine =>
      (lost, fromNs, toNs) =>
        gapLine(`sink:${name}`, lost, fromNs, toNs);
    const stream = (name: string): StdoutOptions => ({
      gapLine: gapLineOf(name),
      onClosed: () => this.#end(),
      log,
    });
    if (!settings.quiet && settings.output === 'json') this.#sinks.push(createStdoutSink(stream('stdout')));
    if (!settings.quiet && settings.output === 'compact') {
      this.#sinks.push(createTerminalSink({ ...stream('terminal'), color: useColor(settings.color) }));
    }
    if (settings.export !== undefined) {
      this.#sinks.push(
        new FileSink({
          path: settings.export,
          mode: settings.exportFilePerm,
          maxBytes: settings.exportFileMaxSizeBytes,
          maxBackups: settings.exportFileMaxBackups,
          rotationIntervalMs: settings.exportFileRotationIntervalMs,
          gapLine: gapLineOf('file'),
          log,
        }),
      );
    }
  }

  write(chunk: Uint8Array, events: number): void {
    for (const sink of this.#sinks) sink.write(chunk, events);
    for (const listener of this.#listeners) listener(chunk, events);
  }

  subscribe(listener: ChunkListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  reopen(): void {
    for (const sink of this.#sinks) sink.reopen();
  }

  describe(): (SinkStats & { name: string })[] {
    return this.#sinks.map((sink) => ({ name: sink.name, ...sink.stats() }));
  }

  async close(): Promise<void> {
    await Promise.all(this.#sinks.map((sink) => sink.close()));
    this.#end();
  }
}
