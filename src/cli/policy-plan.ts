// SPDX-License-Identifier: Apache-2.0
import { AgentClient } from '../api/client.ts';
import type { ComparePoliciesResponse } from '../api/gen/merlon/agent_pb.js';
import { Agent } from '../api/gen/merlon/agent_pb.js';
import { AgentError, ErrorCode } from '../base/errors.ts';
import { loadSettings } from '../base/settings.ts';
import { type PlannedSet, planSet } from '../plan/plan-set.ts';
import type { PolicyProblem, PolicyText } from '../policy/index.ts';
import { loadPolicyTexts, ProblemCode, readFiles } from '../policy/index.ts';
import { LocalKernel } from '../sensor/local-kernel.ts';
import { RunningKernel } from '../sensor/running-kernel.ts';
import { endWithReader, write } from './output.ts';
import { fileKernel } from './policy-judgement.ts';
import { describePlan, planJson } from './policy-plan-report.ts';

/** What the command found; the diff is undefined with `reason`. */
export interface PlanReport {
  readonly plan: PlannedSet;
  readonly facts: Parameters<typeof planSet>[1];
  readonly problems: readonly PolicyProblem[];
  readonly diff: ComparePoliciesResponse | undefined;
  readonly reason: string;
  readonly notes: readonly string[];
}

/**
 * Prints what policies would load: programs, why they are attached as they are, dimensions, tables, estimated cost, and what
 * would change for the running agent. Loads nothing. Exit status 1 when a policy cannot be loaded.
 */
export async function policyPlan(
  paths: readonly string[],
  flags: Record<string, string>,
  { output, btf }: { output?: string; btf?: string },
): Promise<void> {
  const settings = loadSettings({ flags, env: process.env });
  endWithReader();
  const problems: PolicyProblem[] = [];
  const texts = readFiles(paths, (problem) => problems.push(problem));
  const policies = loadPolicyTexts(texts, (problem) => problems.push(problem));
  // Who may not load programs cannot try which ways to attach there are.
  const tries = btf === undefined && process.geteuid?.() === 0;
  const facts = btf === undefined ? (tries ? new RunningKernel() : new LocalKernel()) : fileKernel(btf);
  const plan = planSet(policies, facts, { requests: settings.allowPolicyRequests ? 'all' : 'cluster' });
  for (const { at, message, remedy } of plan.policies.flatMap((planned) => planned.problems))
    problems.push({ ...{ code: ProblemCode.Kernel, at, message }, ...(remedy !== undefined && { remedy }) });
  const answer =
    btf !== undefined || problems.length > 0
      ? {
          diff: undefined,
          reason: btf === undefined ? 'there are problems' : 'it is planned for another kernel',
        }
      : await compare(settings.runDir, texts);
  const notes = [
    ...plan.unchecked.map((what) => `Not planned: ${what}`),
    ...(tries ? [] : ['Ways to attach were not tried: each is taken to be there']),
  ];
  const report: PlanReport = { plan, facts, problems, ...answer, notes };
  await write(output === 'json' ? planJson(report) : describePlan(report));
  if (problems.length > 0 || policies.length === 0) process.exitCode = 1;
}

/** Asks the running agent, when there is one and this user may. */
async function compare(
  runDir: string,
  texts: readonly PolicyText[],
): Promise<Pick<PlanReport, 'diff' | 'reason'>> {
  try {
    const client = await AgentClient.connect(runDir);
    try {
      return { diff: await client.unary(Agent.method.comparePolicies, { texts: [...texts] }), reason: '' };
    } finally {
      client.close();
    }
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    if (error.code !== ErrorCode.NotRunning && error.code !== ErrorCode.Privilege) throw error;
    return { diff: undefined, reason: error.message };
  }
}
