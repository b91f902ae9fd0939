// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { AgentError, ErrorCode } from '../base/errors.ts';
import type { Answer, Observation } from './observation.ts';

const CHILD = fileURLToPath(new URL('./observe-child.ts', import.meta.url));

/**
 * Tries everything in a process of its own with private mount and network namespaces: filesystems that are not mounted
 * can be read without changing the machine, loopback can get programs, and whatever happens to the process, the kernel
 * removes what it made. Where namespaces are refused it is tried without them, and what needs them is left out.
 */
export function observe(): Observation {
  const isolated = run('unshare', ['--net', '--mount', '--', process.execPath, CHILD, 'isolated']);
  // A namespace was refused, or there is no unshare(1): nothing was run.
  const refused = isolated.stderr.startsWith('unshare: ') || isolated.missing;
  const { stdout, stderr, problem, succeeded } = refused ? run(process.execPath, [CHILD]) : isolated;
  if (!succeeded)
    throw new AgentError(
      ErrorCode.Internal,
      `Cannot try what this kernel offers: ${stderr.trim() || problem}`,
    );
  const answer = JSON.parse(stdout) as Answer;
  if ('observation' in answer) return answer.observation;
  const { code, message, ...rest } = answer.failure;
  throw new AgentError(code, message, rest);
}

interface Run {
  readonly succeeded: boolean;
  /** there is no such command */
  readonly missing: boolean;
  readonly stdout: string;
  readonly stderr: string;
  readonly problem: string;
}

function run(command: string, args: string[]): Run {
  const { stdout, stderr, status, signal, error } = spawnSync(command, args, { encoding: 'utf8' });
  const problem = error?.message ?? `${command} ended with ${signal ?? `status ${status ?? 'unknown'}`}`;
  const output = { stdout, stderr };
  if (error !== undefined) Object.assign(output, { stdout: '', stderr: '' });
  const missing = error !== undefined && 'code' in error && error.code === 'ENOENT';
  return { succeeded: status === 0, missing, problem, ...output };
}
