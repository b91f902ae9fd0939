// SPDX-License-Identifier: Apache-2.0
import { closeSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { AgentError, ErrorCode } from '../base/errors.ts';
import { loadSettings } from '../base/settings.ts';
import { addon } from '../kernel/addon.ts';
import { glassFileOf } from '../sensor/self-protection.ts';
import { unload as unloadPins } from '../sensor/unload.ts';
import { endWithReader, write } from './output.ts';

/** Removes what agents have left in force, and says what that was. */
export async function unload(
  flags: Record<string, string>,
  { output }: { output: 'text' | 'json' },
): Promise<void> {
  const settings = loadSettings({ flags, env: process.env });
  const { runDir, bpfDir } = settings;
  endWithReader();
  const unlock = lockOut(runDir);
  try {
    const { removed, left } = unloadPins({ bpfDir, glassFile: glassFileOf(settings) });
    if (output === 'json') {
      await write(`${JSON.stringify({ bpfDir, removed, left })}\n`);
      return;
    }
    const lines = removed.map(({ path, pins }) => `Removed ${path} (${pins} pins)`);
    if (lines.length === 0) lines.push(`Nothing of an agent is pinned in ${bpfDir}`);
    lines.push(...left.map((path) => `Left ${path}: no agent has made it`));
    await write(`${lines.join('\n')}\n`);
  } finally {
    unlock();
  }
}

/** Keeps an agent from starting meanwhile. */
function lockOut(runDir: string): () => void {
  const path = join(runDir, 'lock');
  if (!existsSync(path)) return () => undefined;
  const fd = addon.lockFile(path);
  if (fd === undefined)
    throw new AgentError(ErrorCode.AlreadyRunning, `Cannot unload: an agent holds ${JSON.stringify(path)}`, {
      remedy: 'Stop it first, for example with "systemctl stop merlon"; "merlon status" tells its process.',
    });
  return () => closeSync(fd);
}
