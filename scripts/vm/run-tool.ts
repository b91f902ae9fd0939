// SPDX-License-Identifier: Apache-2.0
import { execFile } from 'node:child_process';
import { AgentError, ErrorCode } from '../../src/base/errors.ts';

/** Runs a program to its end and returns its standard output; a failure carries what it wrote to its error output. */
export function runTool(program: string, args: string[], options: { cwd?: string } = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { ...options, maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else
        reject(
          new AgentError(ErrorCode.Internal, `"${[program, ...args].join(' ')}" failed: ${stderr.trim()}`, {
            cause: error,
          }),
        );
    });
  });
}
