// SPDX-License-Identifier: Apache-2.0
import { StreamSink } from '../stream/index.ts';
import type { StdoutOptions, StreamFormat } from '../stream/options.ts';
import { streamDefaults } from '../stream/options.ts';

const asTheyAre: StreamFormat = { lines: (lines) => lines };

/** Writes every event as one JSON line to standard output. */
export function createStdoutSink(options: StdoutOptions): StreamSink {
  return new StreamSink('stdout', asTheyAre, { ...streamDefaults, ...options });
}
