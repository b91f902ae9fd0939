// SPDX-License-Identifier: Apache-2.0
import { createLogger } from '../base/log.ts';
import { loadSettings } from '../base/settings.ts';

/**
 * Runs the agent until a signal, the end of the time in the setting `for`, or the end of the reader of its output. The first SIGINT or SIGTERM stops it
 * cleanly, also while it is still starting; the second ends the process at once.
 */
export async function run(flags: Record<string, string>): Promise<void> {
  const settings = loadSettings({ flags, env: process.env });
  const stop = new AbortController();
  const onSignal = (signal: NodeJS.Signals): void => {
    if (stop.signal.aborted) process.exit(signal === 'SIGINT' ? 130 : 143);
    stop.abort();
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  // Until the agent can open its files anew there are none to open; the default action would end the process.
  let reopen = (): void => undefined;
  process.on('SIGHUP', () => reopen());

  const { startAgent } = await import('../agent.ts');
  const agent = await startAgent(settings, createLogger(settings.logLevel));
  reopen = () => agent.reopen();
  const timer = settings.forMs === undefined ? undefined : setTimeout(() => stop.abort(), settings.forMs);
  try {
    await Promise.race([aborted(stop.signal), agent.ended]);
  } finally {
    clearTimeout(timer);
    await agent.stop();
  }
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}
