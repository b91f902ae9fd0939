// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';

export const MERLON = resolve(import.meta.dirname, '../../../bin/merlon');

export interface CommandResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command of merlon to its end. */
export function merlon(...args: string[]): CommandResult {
  const { status, stdout, stderr } = spawnSync(MERLON, args, { encoding: 'utf8', maxBuffer: 1 << 28 });
  return { status, stdout, stderr };
}
