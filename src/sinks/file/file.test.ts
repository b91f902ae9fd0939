// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { AgentError } from '../../base/errors.ts';
import { silentLogger } from '../../base/log.ts';
import { chunkOf, gapLine, range, readBack, temporaryDirectory } from '../testing.ts';
import { FileSink } from './index.ts';
import type { FileSinkOptions } from './options.ts';

function sinkAt(path: string, options: Partial<FileSinkOptions> = {}): FileSink {
  return new FileSink({
    path,
    mode: 0o600,
    maxBytes: 1 << 30,
    maxBackups: 0,
    rotationIntervalMs: 0,
    gapLine,
    log: silentLogger(),
    ...options,
  });
}

/** All files of the directory, oldest first: rotated ones sort by name, the live one is the newest. */
function contents(directory: string): string[] {
  const names = fs.readdirSync(directory).sort();
  const live = names.indexOf('events.json');
  if (live !== -1) names.push(...names.splice(live, 1));
  return names.map((name) => fs.readFileSync(join(directory, name), 'utf8'));
}

test('rotation by size puts every line whole and once into files below the limit', async (t) => {
  let seed = 7;
  const random = (limit: number) => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) % limit;
  for (let round = 0; round < 20; round++) {
    const directory = temporaryDirectory(t);
    const maxBytes = 500 + random(3000);
    const sink = sinkAt(join(directory, 'events.json'), { maxBytes });
    let next = 0;
    for (let i = 0; i < 40; i++) {
      const count = 1 + random(60);
      sink.write(chunkOf(next, count, 90 + random(200)), count);
      next += count;
    }
    await sink.close();
    const files = contents(directory);
    assert.ok(files.length > 10);
    assert.deepEqual(
      files.flatMap((text) => readBack(text).numbers),
      range(0, next),
    );
    assert.ok(files.every((text) => text.length <= maxBytes));
    const bytes = files.join('').length;
    assert.deepEqual(sink.stats(), { events: next, bytes, lost: 0, errors: 0, error: '' });
  }
});

test('a line above the limit gets a file of its own', async (t) => {
  const directory = temporaryDirectory(t);
  const sink = sinkAt(join(directory, 'events.json'), { maxBytes: 300 });
  for (let i = 0; i < 3; i++) sink.write(chunkOf(i, 1, 900), 1);
  await sink.close();
  assert.deepEqual(
    contents(directory).map((text) => readBack(text).numbers),
    [[0], [1], [2]],
  );
});

test('rotated files have the names collectors know, and only the newest ones stay', async (t) => {
  const directory = temporaryDirectory(t);
  const foreign = join(directory, 'events-old.json');
  fs.writeFileSync(foreign, '');
  const sink = sinkAt(join(directory, 'events.json'), { maxBytes: 200, maxBackups: 3 });
  for (let i = 0; i < 10; i++) sink.write(chunkOf(i, 2), 2);
  await sink.close();
  assert.ok(fs.existsSync(foreign));
  fs.unlinkSync(foreign);
  const names = fs.readdirSync(directory).sort();
  assert.equal(names.length, 4);
  for (const name of names.slice(0, 3)) {
    assert.match(name, /^events-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}\.json$/);
  }
  assert.deepEqual(
    contents(directory).flatMap((text) => readBack(text).numbers),
    [6, 7, 7, 8, 8, 9, 9, 10],
  );
});

test('rotation by age counts from the birth of the file and spares an empty one', async (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, 'events.json');
  const sink = sinkAt(path, { rotationIntervalMs: 30 });
  await sleep(100);
  assert.equal(fs.readdirSync(directory).length, 1);
  sink.write(chunkOf(0, 3), 3);
  while (fs.readdirSync(directory).length === 1) await sleep(5);
  sink.write(chunkOf(3, 3), 3);
  await sink.close();
  assert.deepEqual(
    contents(directory).flatMap((text) => readBack(text).numbers),
    range(0, 6),
  );
});

test('after SIGHUP a moved file stays as it was and a new one is begun', async (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, 'events.json');
  const sink = sinkAt(path);
  sink.write(chunkOf(0, 2), 2);
  fs.renameSync(path, `${path}.1`);
  sink.write(chunkOf(2, 2), 2);
  sink.reopen();
  sink.write(chunkOf(4, 2), 2);
  await sink.close();
  assert.deepEqual(readBack(fs.readFileSync(`${path}.1`, 'utf8')).numbers, range(0, 4));
  assert.deepEqual(readBack(fs.readFileSync(path, 'utf8')).numbers, range(4, 2));
});

test('a deleted file is begun anew by itself', async (t) => {
  const path = join(temporaryDirectory(t), 'events.json');
  const sink = sinkAt(path);
  sink.write(chunkOf(0, 2), 2);
  fs.unlinkSync(path);
  sink.write(chunkOf(2, 2), 2);
  await sink.close();
  assert.deepEqual(readBack(fs.readFileSync(path, 'utf8')).numbers, [2, 3]);
});

test('a file truncated by others goes on at its new end', async (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, 'events.json');
  const sink = sinkAt(path, { maxBytes: 1000 });
  sink.write(chunkOf(0, 8), 8);
  fs.truncateSync(path, 0);
  sink.write(chunkOf(8, 8), 8);
  await sink.close();
  assert.deepEqual(
    contents(directory).map((text) => readBack(text).numbers),
    [range(8, 8)],
  );
});

test('the half line of a crash is ended before the next event', async (t) => {
  const path = join(temporaryDirectory(t), 'events.json');
  fs.writeFileSync(path, '{"process_ex');
  const sink = sinkAt(path);
  sink.write(chunkOf(0, 2), 2);
  await sink.close();
  const [torn, ...rest] = fs.readFileSync(path, 'utf8').split('\n');
  assert.equal(torn, '{"process_ex');
  assert.deepEqual(readBack(rest.join('\n')).numbers, [0, 1]);
});

test('permissions are as set, for new files, old files and after rotation', async (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, 'events.json');
  fs.writeFileSync(path, '', { mode: 0o644 });
  const sink = sinkAt(path, { mode: 0o640, maxBytes: 150 });
  for (let i = 0; i < 3; i++) sink.write(chunkOf(i, 1), 1);
  await sink.close();
  const modes = fs.readdirSync(directory).map((name) => fs.statSync(join(directory, name)).mode & 0o777);
  assert.deepEqual(modes, [0o640, 0o640, 0o640]);
});

test('what cannot be a file is refused with a remedy', (t) => {
  const directory = temporaryDirectory(t);
  fs.writeFileSync(join(directory, 'file'), '');
  fs.symlinkSync('file', join(directory, 'link'));
  for (const path of ['none/events.json', 'link', 'file/events.json', '.']) {
    assert.throws(
      () => sinkAt(join(directory, path)),
      (error) => error instanceof AgentError && error.code === 'ERR_SINK' && error.remedy !== undefined,
    );
  }
  assert.throws(() => sinkAt('/dev/null'), { code: 'ERR_SINK' });
});

test('a rotation that fails loses nothing', async (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, 'events.json');
  const sink = sinkAt(path, { maxBytes: 150 });
  sink.write(chunkOf(0, 1), 1);
  const moved = `${directory}-moved`;
  t.after(() => fs.rmSync(moved, { recursive: true, force: true }));
  fs.renameSync(directory, moved);
  sink.write(chunkOf(1, 5), 5);
  assert.equal(sink.stats().errors, 1);
  assert.notEqual(sink.stats().error, '');
  await sink.close();
  assert.deepEqual(
    contents(moved).flatMap((text) => readBack(text).numbers),
    range(0, 6),
  );
});
