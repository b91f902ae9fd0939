// SPDX-License-Identifier: Apache-2.0
/**
 * The agent in a process of its own, for benchmarks that switch it on and off: its parent sends 'on' and 'off', and gets
 * the same word back when that is done. The process stays, so its code stays as warm as a long-running agent's. The one
 * argument is JSON: the settings' flags and the names of the tracepoints.
 */
import type { RunningAgent } from '../../src/agent.ts';
import { startAgent } from '../../src/agent.ts';
import { createLogger } from '../../src/base/log.ts';
import { loadSettings } from '../../src/base/settings.ts';

export interface AgentArguments {
  readonly flags: Readonly<Record<string, string>>;
  readonly hooks: readonly { readonly subsystem: string; readonly event: string }[];
}

const { flags, hooks } = JSON.parse(process.argv[2] ?? '') as AgentArguments;
const settings = loadSettings({ flags });
const log = createLogger(settings.logLevel);
let agent: RunningAgent | undefined;

/** One turn after the other. */
let turns = Promise.resolve();

function turn(word: 'on' | 'off'): void {
  turns = turns.then(async () => {
    if (word === 'on') {
      agent = await startAgent(settings, log, hooks);
    } else {
      await agent?.stop();
      agent = undefined;
    }
  });
  turns.then(
    () => process.connected && process.send?.(word),
    (error: unknown) => {
      log.error({ err: error }, 'Cannot switch the agent');
      process.exit(1);
    },
  );
}

process.on('message', turn);
// A parent that is gone takes the agent along, with its programs.
process.on('disconnect', () => {
  turn('off');
  void turns.then(() => process.exit());
});
