// SPDX-License-Identifier: Apache-2.0
import { AgentClient } from '../api/client.ts';
import type { AddPoliciesResponse } from '../api/gen/merlon/agent_pb.js';
import { Agent } from '../api/gen/merlon/agent_pb.js';
import { TracingPolicyMode } from '../api/gen/tetragon/sensors_pb.js';
import { loadSettings } from '../base/settings.ts';
import { escapeHidden } from '../encode/escape.ts';
import type { PolicyProblem } from '../policy/index.ts';
import { formatProblem, readFiles } from '../policy/index.ts';
import { endWithReader, write } from './output.ts';

const MODES = {
  enforce: TracingPolicyMode.TP_MODE_ENFORCE,
  monitor: TracingPolicyMode.TP_MODE_MONITOR,
} as const;

/**
 * Has the running agent put the policies of files and directories in force, all of them or none: prints what it added, or
 * every problem, with exit status 1.
 */
export async function policyAdd(
  paths: readonly string[],
  flags: Record<string, string>,
  { replace = false, domain = '', mode }: { replace?: boolean; domain?: string; mode?: keyof typeof MODES },
): Promise<void> {
  const settings = loadSettings({ flags, env: process.env });
  endWithReader();
  const unread: PolicyProblem[] = [];
  const texts = readFiles(paths, (problem) => unread.push(problem));
  if (unread.length > 0 || texts.length === 0) {
    process.exitCode = 1;
    await write(
      texts.length > 0 || unread.length > 0 ? unread.map(formatProblem).join('') : 'No policy was found\n',
    );
    return;
  }
  const client = await AgentClient.connect(settings.runDir);
  try {
    const answer = await client.unary(Agent.method.addPolicies, {
      ...{ texts, domain, replace },
      ...(mode !== undefined && { mode: MODES[mode] }),
    });
    if (answer.problems.length > 0) process.exitCode = 1;
    await write(describe(answer));
  } finally {
    client.close();
  }
}

function describe({ policies, problems }: AddPoliciesResponse): string {
  const added = policies.map(({ namespace, name, replaced }) => {
    const full = namespace === '' ? name : `${namespace}/${name}`;
    return `${replaced ? 'Replaced' : 'Added'} ${escapeHidden(full)}\n`;
  });
  const refused = problems.map(({ file, line, column, sourceLine, message, remedy }) =>
    formatProblem({
      at: { file, line, column, text: sourceLine },
      message,
      ...(remedy === '' ? {} : { remedy }),
    }),
  );
  return [...added, ...refused, problems.length === 0 ? '' : 'Nothing was changed\n'].join('');
}
