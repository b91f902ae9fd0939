// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { silentLogger } from '../../base/log.ts';
import { gapLine, mustNotClose, temporaryDirectory } from '../testing.ts';
import { TerminalFormat } from './format.ts';
import { createTerminalSink } from './index.ts';
import type { TerminalOptions } from './options.ts';

function line(flags: string, binary: string): string {
  return `${JSON.stringify({ process_exec: { process: { pid: 7, binary, flags } } })}\n`;
}

function format(fold = true): TerminalFormat {
  return new TerminalFormat(() => ({ color: false, timestamps: false }), fold);
}

test('processes that ran before become one line ahead of the first event', () => {
  const terminal = format();
  assert.equal(
    terminal.lines(Buffer.from(line('procFS', '/a') + line('procFS rootcwd', '/b'))).toString(),
    '',
  );
  const text = terminal.lines(Buffer.from(line('procFS', '/c') + line('execve clone', '/d'))).toString();
  assert.match(text, /^👀 watching 3 processes that were running before\n🚀 exec .*\/d\n$/);
  assert.equal(terminal.idle().length, 0);
});

test('or one line when nothing more comes', () => {
  const terminal = format();
  terminal.lines(Buffer.from(line('procFS', '/a')));
  assert.equal(terminal.idle().toString(), '👀 watching 1 process that was running before\n');
  assert.equal(terminal.idle().length, 0);
});

test('they can be shown', () => {
  assert.match(
    format(false)
      .lines(Buffer.from(line('procFS', '/a')))
      .toString(),
    /^👀 running .*\/a\n$/,
  );
});

test('a line that is no JSON is shown escaped', () => {
  assert.equal(format().lines(Buffer.from('no\x1b[2J json\n3\n')).toString(), 'no\\x1b[2J json\n3\n');
});

function sinkTo(t: TestContext, options: Partial<TerminalOptions> = {}) {
  const path = join(temporaryDirectory(t), 'screen');
  const fd = fs.openSync(path, 'w');
  t.after(() => fs.closeSync(fd));
  const sink = createTerminalSink({
    fd,
    color: false,
    gapLine,
    log: silentLogger(),
    onClosed: mustNotClose,
    columns: () => 60,
    ...options,
  });
  return { sink, path };
}

test('the sink writes readable lines that fit, counts events, and closes with the summary', async (t) => {
  const { sink, path } = sinkTo(t);
  sink.write(Buffer.from(line('procFS', '/a')), 1);
  sink.write(Buffer.from(line('execve', `/${'b'.repeat(300)}`)), 1);
  sink.write(Buffer.from(line('procFS', '/c')), 1);
  await sink.close();
  const lines = fs.readFileSync(path, 'utf8').split('\n');
  assert.equal(lines.length, 4);
  assert.match(lines[0] ?? '', /watching 1 process /);
  assert.match(lines[1] ?? '', /🚀 exec .*…/);
  assert.ok((lines[1] ?? '').length <= 60);
  assert.match(lines[2] ?? '', /watching 1 process /);
  assert.equal(sink.stats().events, 3);
});

test('what finds no room in the queue is announced in place', async (t) => {
  const { sink, path } = sinkTo(t, { queueBytes: 1000 });
  const chunk = Buffer.from(line('execve', '/x').repeat(50));
  sink.write(chunk, 50);
  await sink.close();
  const text = fs.readFileSync(path, 'utf8');
  const { events, lost } = sink.stats();
  assert.equal(events + lost, 50);
  assert.equal(text.match(/🚀/g)?.length, events);
  assert.match(text, new RegExp(`LOST ${lost} events \\(sink:test\\)`));
});

test('a real terminal gets every line through the descriptor that does not block', (t) => {
  const script = join(temporaryDirectory(t), 'writer.ts');
  const here = import.meta.dirname;
  fs.writeFileSync(
    script,
    `import { createTerminalSink } from '${here}/index.ts';
     import { gapLine, mustNotClose } from '${here}/../testing.ts';
     import { silentLogger } from '${here}/../../base/log.ts';
     const sink = createTerminalSink({ color: true, gapLine, log: silentLogger(), onClosed: mustNotClose });
     sink.write(Buffer.from(${JSON.stringify(line('execve', '/x'))}.repeat(5000)), 5000);
     await sink.close();`,
  );
  const command = `'${process.execPath}' '${script}'`;
  const screen = execFileSync('script', ['-qec', command, '/dev/null'], { maxBuffer: 1 << 24 }).toString();
  assert.equal(screen.match(/🚀/g)?.length, 5000);
  assert.ok(screen.includes('\x1b['));
});
