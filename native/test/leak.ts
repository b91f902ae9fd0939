// SPDX-License-Identifier: Apache-2.0
/** Loads, uses and unloads objects, and prints what has grown as JSON. Run with --expose-gc. */
import { readdirSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';

import { addon, callGetppid, TestError } from './addon.ts';
import { compile } from './compile.ts';
import { Flood } from './flood.ts';
import { loadSpine } from './spine.ts';

const ROUNDS = 100;
const WARM_UP = 100; // the heap settles after about so many

async function round(): Promise<void> {
  const object = loadSpine('on_tp_btf', 'on_raw_tp');
  const program = object.program('on_tp_btf');
  const link = program.attach({ kind: 'trace' });
  const map = object.map('hits');
  map.mmap(false);
  callGetppid(2);
  for (const handle of [link, program, map, object]) handle.close();

  const flood = new Flood();
  const reader = flood.reader({}, (self, index) => self.release(index));
  reader.start();
  flood.run(0, 20);
  await nextTurn();
  reader.close();
  for (const ring of flood.rings) ring.close();
  flood.object.close();

  const refused = new addon.BpfObject(compile('refused'));
  try {
    refused.load();
  } catch (error) {
    if (!(error instanceof TestError)) throw error;
  }
  refused.close();
  new addon.Btf(compile('shapes')).close();
}

async function measure(): Promise<{ fds: number; rss: number }> {
  for (let i = 0; i < 5; i++) {
    globalThis.gc?.();
    await nextTurn();
  }
  return { fds: readdirSync('/proc/self/fd').length, rss: process.memoryUsage.rss() };
}

for (let i = 0; i < WARM_UP; i++) await round();
const before = await measure();
for (let i = 0; i < ROUNDS; i++) await round();
const after = await measure();
console.log(JSON.stringify({ fds: after.fds - before.fds, rssBytes: after.rss - before.rss }));
