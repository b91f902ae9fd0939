// SPDX-License-Identifier: Apache-2.0
import { StreamSink } from '../stream/index.ts';
import { streamDefaults } from '../stream/options.ts';
import { TerminalFormat } from './format.ts';
import type { TerminalOptions } from './options.ts';
import { columnsOfStdout } from './options.ts';

/** Writes one readable line per event to standard output. */
export function createTerminalSink(options: TerminalOptions): StreamSink {
  const { color, nodeName = false, foldSnapshot = true, columns = columnsOfStdout() } = options;
  const format = new TerminalFormat(() => {
    const width = columns();
    return { color, nodeName, ...(width !== undefined && { width }) };
  }, foldSnapshot);
  return new StreamSink('terminal', format, { ...streamDefaults, ...options });
}
