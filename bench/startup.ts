// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from 'node:fs';
import { benchmark, progress } from './support/benchmark.ts';
import { Merlon } from './support/merlon.ts';
import { rounded, spreadOf } from './support/spread.ts';
import type { Workspace } from './support/workspace.ts';
import { makeWorkspace } from './support/workspace.ts';

interface Start {
  readonly watchingMs: number;
  readonly firstEventMs: number;
  readonly stopMs: number;
}

/** How long the agent takes from its command to its first event. */
export const startup = benchmark({
  name: 'startup',
  summary: 'from the command to the first event line, with warm and with cold caches',
  options: {
    starts: { help: 'starts with warm caches', fallback: 20 },
    cold: { help: 'starts after the page cache was dropped', fallback: 3 },
    npm: { help: 'starts with npm start', fallback: 5 },
  },
  async run({ starts, cold, npm }, cleanUp) {
    const workspace = makeWorkspace();
    cleanUp.defer(() => workspace.remove());
    const start = (by: 'merlon' | 'npm' = 'merlon'): Promise<Start> => measure(workspace, cleanUp, by);
    // Not counted: the first start may compile what the later ones find in the cache.
    await start();
    const coldStarts: Start[] = [];
    for (let i = 0; i < cold; i++) {
      dropCaches();
      coldStarts.push(await start());
    }
    const npmStarts: Start[] = [];
    for (let i = 0; i < npm; i++) npmStarts.push(await start('npm'));
    const warmStarts: Start[] = [];
    for (let i = 0; i < starts; i++) {
      const each = await start();
      warmStarts.push(each);
      progress(`startup: ${i + 1} of ${starts}, first event after ${Math.round(each.firstEventMs)} ms`);
    }
    return {
      method:
        `bin/merlon run --output json, set-up done; ${starts} warm starts; ${cold} cold ones, each after the page cache ` +
        `was dropped (3 to /proc/sys/vm/drop_caches); ${npm} warm ones with npm start; times from spawn to the log line "Watching" and to the first byte ` +
        'of the first event on standard output; stop is from SIGTERM to the exit',
      figures: {
        ...figuresOf('warm', warmStarts),
        ...figuresOf('cold', coldStarts),
        ...figuresOf('npm', npmStarts),
      },
    };
  },
});

async function measure(
  workspace: Workspace,
  cleanUp: AsyncDisposableStack,
  by: 'merlon' | 'npm',
): Promise<Start> {
  const { 'run-dir': runDir = '', 'bpf-dir': bpfDir = '' } = workspace.flags;
  const agent = new Merlon({ 'run-dir': runDir, 'bpf-dir': bpfDir, output: 'json' }, by);
  cleanUp.defer(() => agent.stop());
  const [watchingMs, firstEventMs] = await Promise.all([agent.watchingMs, agent.firstEventMs]);
  const stoppedAt = performance.now();
  await agent.stop();
  return { watchingMs, firstEventMs, stopMs: performance.now() - stoppedAt };
}

function figuresOf(kind: string, starts: readonly Start[]): Record<string, ReturnType<typeof spreadOf>> {
  if (starts.length === 0) return {};
  const spread = (key: keyof Start) => spreadOf(starts.map((each) => rounded(each[key])));
  return {
    [`${kind}_watching_ms`]: spread('watchingMs'),
    [`${kind}_first_event_ms`]: spread('firstEventMs'),
    [`${kind}_stop_ms`]: spread('stopMs'),
  };
}

function dropCaches(): void {
  writeFileSync('/proc/sys/vm/drop_caches', '3');
}
