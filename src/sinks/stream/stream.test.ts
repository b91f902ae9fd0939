// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { silentLogger } from '../../base/log.ts';
import { createStdoutSink } from '../stdout/index.ts';
import { chunkOf, gapLine, mustNotClose, range, readBack, sum, temporaryDirectory } from '../testing.ts';
import type { StreamSink } from './index.ts';
import type { StdoutOptions } from './options.ts';

interface Piped {
  sink: StreamSink;
  /** the reader; it copies the pipe into `copy` */
  reader: ChildProcess;
  copy: string;
  closed: () => number;
}

/** A sink on a real pipe with `cat` at its end. */
function pipeTo(t: TestContext, options: Partial<StdoutOptions> = {}): Piped {
  const directory = temporaryDirectory(t);
  const fifo = join(directory, 'pipe');
  const copy = join(directory, 'copy');
  execFileSync('mkfifo', [fifo]);
  const output = fs.openSync(copy, 'w');
  // Opened for both, so that neither end waits for the other; the reader must not keep the writing end.
  const both = fs.openSync(fifo, 'r+');
  const input = fs.openSync(fifo, 'r');
  const fd = fs.openSync(fifo, 'w');
  const reader = spawn('cat', { stdio: [input, output, 'inherit'] });
  for (const ours of [input, output, both]) fs.closeSync(ours);
  t.after(() => reader.kill('SIGKILL'));
  let closed = 0;
  const sink = createStdoutSink({ fd, gapLine, log: silentLogger(), onClosed: () => closed++, ...options });
  t.after(() => fs.closeSync(fd));
  return { sink, reader, copy, closed: () => closed };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5);
}

test('a reader that keeps up gets every line in order', async (t) => {
  const { sink, copy } = pipeTo(t);
  let next = 0;
  for (let i = 0; i < 200; i++) {
    const chunk = chunkOf(next, 40, 500);
    sink.write(chunk, 40);
    chunk.fill('x');
    next += 40;
    if (i % 10 === 0) await until(() => sink.stats().events === next);
  }
  await sink.close();
  const { events, lost, error } = sink.stats();
  assert.deepEqual({ events, lost, error }, { events: next, lost: 0, error: '' });
  await until(() => fs.statSync(copy).size === sink.stats().bytes);
  assert.deepEqual(readBack(fs.readFileSync(copy, 'utf8')).numbers, range(0, next));
});

test('a stopped reader costs events, counted in place, and never holds up the agent', async (t) => {
  const { sink, reader, copy } = pipeTo(t, { queueBytes: 200_000 });
  let next = 0;
  for (let round = 0; round < 3; round++) {
    reader.kill('SIGSTOP');
    const lostBefore = sink.stats().lost;
    while (sink.stats().lost < lostBefore + 100) {
      sink.write(chunkOf(next, 50, 300), 50);
      next += 50;
      await sleep(1);
    }
    sink.write(gapLine(1000, 0n, 1n), 1);
    reader.kill('SIGCONT');
    await until(() => readBackWhole(copy).gaps.length > round);
    sink.write(chunkOf(next, 50, 300), 50);
    next += 50;
  }
  await sink.close();
  await until(() => fs.statSync(copy).size === sink.stats().bytes);
  const { numbers, gaps } = readBack(fs.readFileSync(copy, 'utf8'));
  assert.equal(gaps.length, 3);
  assert.equal(numbers.length + sum(gaps), next + 3000);
  assert.deepEqual(
    numbers,
    [...new Set(numbers)].sort((a, b) => a - b),
  );
  assert.equal(sink.stats().lost, sum(gaps));
});

/** While the reader is at work its copy may end within a line. */
function readBackWhole(path: string) {
  const text = fs.readFileSync(path, 'utf8');
  return readBack(text.slice(0, text.lastIndexOf('\n') + 1));
}

test('closing does not wait for ever for a stopped reader, and what is left counts as lost', async (t) => {
  const { sink, reader } = pipeTo(t, { closeTimeoutMs: 50 });
  reader.kill('SIGSTOP');
  sink.write(chunkOf(0, 5000, 300), 5000);
  await sink.close();
  const { events, lost } = sink.stats();
  assert.ok(lost > 0);
  assert.equal(events + lost, 5000);
});

test('a reader that ends is reported once', async (t) => {
  const { sink, reader, closed } = pipeTo(t);
  sink.write(chunkOf(0, 5), 5);
  await until(() => sink.stats().events === 5);
  reader.kill('SIGKILL');
  await once(reader, 'exit');
  for (let i = 0; closed() === 0; i++) {
    sink.write(chunkOf(i, 5), 5);
    await sleep(5);
  }
  const { events, lost } = sink.stats();
  sink.write(chunkOf(0, 7), 7);
  assert.equal(sink.stats().lost, lost + 7);
  assert.equal(sink.stats().events, events);
  await sink.close();
  assert.equal(closed(), 1);
});

test('a process with a stopped reader still ends', async (t) => {
  const directory = temporaryDirectory(t);
  const script = join(directory, 'writer.ts');
  const here = import.meta.dirname;
  fs.writeFileSync(
    script,
    `import { createStdoutSink } from '${here}/../stdout/index.ts';
     import { chunkOf, gapLine } from '${here}/../testing.ts';
     import { silentLogger } from '${here}/../../base/log.ts';
     const sink = createStdoutSink({ gapLine, log: silentLogger(), onClosed() {}, closeTimeoutMs: 50 });
     sink.write(chunkOf(0, 10000), 10000);
     await sink.close();
     const { events, lost } = sink.stats();
     process.stderr.write(String(events + lost));
     process.exit(3);`,
  );
  // No one reads the pipe of standard output: the parent only holds it open.
  const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.pause();
  let told = '';
  child.stderr.on('data', (data: Buffer) => (told += data.toString()));
  const [status] = (await once(child, 'exit')) as [number];
  assert.equal(status, 3);
  assert.equal(told, '10000');
});

test('output redirected to a file', async (t) => {
  const path = join(temporaryDirectory(t), 'out');
  const fd = fs.openSync(path, 'w');
  t.after(() => fs.closeSync(fd));
  const sink = createStdoutSink({ fd, gapLine, log: silentLogger(), onClosed: mustNotClose });
  sink.write(chunkOf(0, 3000), 3000);
  await sink.close();
  assert.deepEqual(readBack(fs.readFileSync(path, 'utf8')).numbers, range(0, 3000));
});

test('an output that is full is tried again and loses what it refused', async () => {
  const fd = fs.openSync('/dev/full', 'w');
  const sink = createStdoutSink({ fd, gapLine, log: silentLogger(), onClosed: mustNotClose });
  sink.write(chunkOf(0, 30), 30);
  await until(() => sink.stats().errors > 0);
  assert.match(sink.stats().error, /ENOSPC/);
  sink.write(chunkOf(30, 3), 3);
  await sink.close();
  assert.equal(sink.stats().lost, 33);
  assert.equal(sink.stats().events, 0);
  fs.closeSync(fd);
});
