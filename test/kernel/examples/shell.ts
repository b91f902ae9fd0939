// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { program } from '../support/programs.ts';

/** What a shell says of a command that it does not find. */
const NOT_FOUND = 127;

/**
 * Runs a command in an empty directory below `parent`, with the programs of test/programs/ in its PATH. Returns the pid of its
 * shell; how it ends is its own affair, unless there is no such command.
 */
export async function runShell(command: string, parent: string): Promise<number> {
  const PATH = `${dirname(program('call'))}:/usr/sbin:/sbin:${process.env.PATH ?? ''}`;
  const child = spawn('/bin/sh', ['-c', command], {
    cwd: mkdtempSync(join(parent, 'shell-')),
    env: { PATH },
    stdio: 'ignore',
  });
  await once(child, 'close');
  if (child.exitCode === NOT_FOUND) throw new Error(`Cannot find a command of "${command}"`);
  return child.pid ?? 0;
}
