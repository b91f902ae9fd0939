// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { GapLine } from './sink.ts';

/** A directory that is gone after the test. */
export function temporaryDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'merlon-sink-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** `count` numbered events as one chunk; each line is `size` bytes or a little more. */
export function chunkOf(first: number, count: number, size = 100): Buffer {
  let text = '';
  for (let i = 0; i < count; i++) {
    const start = `{"process_exec":{"n":${first + i}},"time":"2026-11-20T17:45:01.000000001Z","pad":"`;
    text += `${start}${'x'.repeat(Math.max(0, size - start.length - 3))}"}\n`;
  }
  return Buffer.from(text);
}

export const gapLine: GapLine = (lost, from, to) =>
  Buffer.from(`{"merlon_gap":{"lane":"sink:test","lost":"${lost}","from":"${from}","to":"${to}"}}\n`);

export interface Received {
  readonly numbers: number[];
  readonly gaps: { lost: number; from: bigint; to: bigint }[];
}

/** What a reader of this output knows. Throws when a line is not whole. */
export function readBack(text: string): Received {
  const received: Received = { numbers: [], gaps: [] };
  if (text !== '' && !text.endsWith('\n')) throw new Error(`half a line at the end: ${text.slice(-80)}`);
  for (const line of text.split('\n').slice(0, -1)) {
    const { process_exec: exec, merlon_gap: gap } = JSON.parse(line) as {
      process_exec?: { n: number };
      merlon_gap?: { lost: string; from: string; to: string };
    };
    if (exec !== undefined) received.numbers.push(exec.n);
    if (gap !== undefined) {
      received.gaps.push({ lost: Number(gap.lost), from: BigInt(gap.from), to: BigInt(gap.to) });
    }
  }
  return received;
}

export function range(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => first + i);
}

export function sum(gaps: Received['gaps']): number {
  return gaps.reduce((total, gap) => total + gap.lost, 0);
}

/** For sinks whose reader stays. */
export function mustNotClose(): void {
  throw new Error('the output was reported closed');
}
