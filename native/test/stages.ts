// SPDX-License-Identifier: Apache-2.0
/**
 * One stage of the addon's life, named by the first argument, after which the process (or, started by `worker`, the thread)
 * ends without any clean-up. lifetime.test.ts expects status 0 and no signal.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Worker, isMainThread, workerData } from 'node:worker_threads';

import { addon } from './addon.ts';
import { Flood } from './flood.ts';
import { loadSpine, openSpine } from './spine.ts';

/** Calls `then` in the middle of reading: batches come, and more records than are taken wait in the ring. */
function reading(then: () => void): void {
  const flood = new Flood();
  const reader = flood.reader({ batchBytes: 4096, batches: 2 }, (self, index) => {
    self.release(index);
    flood.run(0, 500);
    if (self.stats().batches > 20n) then();
  });
  reader.start();
  flood.run(0, 500);
}

async function holding(): Promise<void> {
  const flood = new Flood();
  const reader = flood.reader({ batchBytes: 4096, batches: 1 }, () => {});
  reader.start();
  flood.run(0, 500);
  while (reader.stats().waitedForBuffer === 0n) await delay(1);
}

async function inWorker(stage: string, end: (worker: Worker) => Promise<void>): Promise<void> {
  const worker = new Worker(new URL(import.meta.url), { workerData: stage });
  const exited = new Promise<number>((resolve, reject) => worker.on('exit', resolve).on('error', reject));
  await new Promise<void>((resolve) => worker.once('message', () => resolve()));
  await end(worker);
  await exited;
}

const STAGES: Record<string, () => unknown> = {
  loaded: () => addon.libbpfVersion(),
  opened: () => openSpine('on_tp_btf'),
  attached: () => loadSpine('on_tp_btf').program('on_tp_btf').attach({ kind: 'trace' }),
  mapped: () => new Flood().object.map('lanes').mmap(true),
  types: () => new addon.Btf(),
  made: () => new Flood().reader({}, () => {}),
  idle: () => {
    new Flood().reader({}, () => {}).start();
    process.exit(0);
  },
  'exit-in-callback': () => reading(() => process.exit(0)),
  'exit-between-turns': () => reading(() => setImmediate(() => process.exit(0))),
  holding: async () => {
    await holding();
    process.exit(0);
  },
  stopped: () => {
    const flood = new Flood();
    const reader = flood.reader({}, () => {});
    reader.start();
    flood.run(0, 100);
    reader.stop(); // from here on nothing keeps the process alive
  },
  'uncaught-exception': () => {
    process.once('uncaughtException', (error) => process.exit(error.message === 'from the callback' ? 0 : 1));
    reading(() => {
      throw new Error('from the callback');
    });
  },
  'worker-ends': () => inWorker('worker:reading', async () => {}),
  'worker-terminated-while-reading': () =>
    inWorker('worker:busy', async (worker) => {
      await worker.terminate();
    }),
  'worker-terminated-while-holding': () =>
    inWorker('worker:holding', async (worker) => {
      await worker.terminate();
    }),
  'two-workers': () =>
    Promise.all([inWorker('worker:reading', async () => {}), inWorker('worker:reading', async () => {})]),
};

const WORKER_STAGES: Record<string, (ready: () => void) => unknown> = {
  'worker:reading': (ready) =>
    reading(() => {
      ready();
      process.exit(0); // of the thread
    }),
  'worker:busy': (ready) => reading(ready),
  'worker:holding': async (ready) => {
    await holding();
    ready();
  },
};

if (isMainThread) {
  await STAGES[process.argv[2] ?? '']?.();
} else {
  const { parentPort } = await import('node:worker_threads');
  await WORKER_STAGES[workerData as string]?.(() => parentPort?.postMessage('ready'));
}

export const STAGE_NAMES = Object.keys(STAGES);
