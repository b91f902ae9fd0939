// SPDX-License-Identifier: Apache-2.0
import { closeSync, createReadStream, openSync, readdirSync, readSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';

const SAMPLE_BYTES = 1 << 20;
const TRACEPOINT = '{"process_tracepoint":';

/** What an export file and its backups hold of a flood. Every line is parsed. */
export async function countExported(path: string): Promise<{ tracepoints: number; telemetryLost: number }> {
  const stem = basename(path, '.json');
  const files = readdirSync(dirname(path)).filter((name) => name.startsWith(stem));
  let [tracepoints, telemetryLost] = [0, 0];
  for (const file of files) {
    for await (const line of createInterface({ input: createReadStream(join(dirname(path), file)) })) {
      const event = JSON.parse(line) as {
        process_tracepoint?: object;
        merlon_gap?: { lane: string; lost: string };
      };
      if (event.process_tracepoint !== undefined) tracepoints++;
      if (event.merlon_gap?.lane === 'telemetry') telemetryLost += Number(event.merlon_gap.lost);
    }
  }
  return { tracepoints, telemetryLost };
}

/** Mean length of the tracepoint lines at the beginning of an export file, their newlines included. */
export function meanLineBytes(path: string): number {
  const sample = Buffer.alloc(SAMPLE_BYTES);
  const fd = openSync(path, 'r');
  try {
    const text = sample.toString('utf8', 0, readSync(fd, sample, 0, SAMPLE_BYTES, 0));
    const lines = text.split('\n').slice(0, -1);
    const lengths = lines
      .filter((line) => line.startsWith(TRACEPOINT))
      .map((line) => Buffer.byteLength(line) + 1);
    return lengths.reduce((sum, length) => sum + length, 0) / lengths.length;
  } finally {
    closeSync(fd);
  }
}
