// SPDX-License-Identifier: Apache-2.0
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { AgentClient } from '../api/client.ts';
import { toExportForm } from '../api/export-form.ts';
import type { ListPoliciesResponse, Policy, PolicyHook } from '../api/gen/merlon/agent_pb.js';
import { Agent, ListPoliciesResponseSchema } from '../api/gen/merlon/agent_pb.js';
import { TracingPolicyMode, TracingPolicyState } from '../api/gen/tetragon/sensors_pb.js';
import { AgentError, ErrorCode } from '../base/errors.ts';
import { duration } from '../base/setting-quantities.ts';
import { loadSettings } from '../base/settings.ts';
import { escapeHidden } from '../encode/escape.ts';
import { endWithReader, table, write } from './output.ts';

/** Prints the policies of the running agent: as tables, or merlon.ListPoliciesResponse as one JSON object. */
export async function policyList(
  flags: Record<string, string>,
  { output, measure }: { output?: string; measure?: string },
): Promise<void> {
  const settings = loadSettings({ flags, env: process.env });
  const request = measure === undefined ? {} : { measure: durationFromMs(readDuration(measure)) };
  endWithReader();
  const client = await AgentClient.connect(settings.runDir);
  try {
    const answer = await client.unary(Agent.method.listPolicies, request);
    const json = output === 'json';
    await write(
      json ? `${JSON.stringify(toExportForm(ListPoliciesResponseSchema, answer))}\n` : describe(answer),
    );
  } finally {
    client.close();
  }
}

const MEASURE = duration(1, 600_000);

function readDuration(text: string): number {
  const ms = MEASURE.parse(text);
  if (ms !== undefined) return ms;
  throw new AgentError(ErrorCode.Usage, `Cannot use "${text}" as --measure: expected ${MEASURE.accepts}`);
}

function describe({ policies }: ListPoliciesResponse): string {
  if (policies.length === 0) return 'No policies are loaded\n';
  const states = policies.map((policy) => [
    nameOf(policy),
    TracingPolicyState[policy.state].replace('TP_STATE_', '').toLowerCase(),
    TracingPolicyMode[policy.mode].replace('TP_MODE_', '').toLowerCase(),
    escapeHidden(policy.domain),
    `${(Number(policy.kernelMemoryBytes) / 1024).toFixed(1)} KiB`,
  ]);
  const errors = policies
    .filter(({ error }) => error !== '')
    .map((policy) => `! ${nameOf(policy)}: ${escapeHidden(policy.error.replaceAll('\n', ' '))}\n`);
  const rows = policies.flatMap((policy) =>
    policy.hooks.flatMap((hook) => hook.selectors.map((_, index) => rowOf(policy, hook, index))),
  );
  const hooks = rows.length === 0 ? '' : `\n${table([HOOK_COLUMNS, ...rows], [3, 4, 8, 9])}`;
  return [table([['POLICY', 'STATE', 'MODE', 'DOMAIN', 'MEMORY'], ...states]), ...errors, hooks].join('');
}

const HOOK_COLUMNS = [
  ...['POLICY', 'BY', 'HOOK', 'SHARED BY', 'NS PER RUN'],
  ...['SELECTOR', 'ACTION', 'RUNG', 'HITS', 'KEPT BACK'],
];

/** A selector; what is about the whole hook stands at its first one. */
function rowOf(policy: Policy, hook: PolicyHook, index: number): string[] {
  const { label = '', action = '', rung = '', hits = 0n, suppressed = 0n } = hook.selectors[index] ?? {};
  const { runs, runTimeNs } = hook;
  const about = [
    ...[nameOf(policy), hook.mechanism, escapeHidden(hook.place), String(hook.policies)],
    runs === 0n ? '-' : String(runTimeNs / runs),
  ];
  return [
    ...(index === 0 ? about : about.map(() => '')),
    label === '' ? String(index) : `${index} ${escapeHidden(label)}`,
    ...[action, rung === '' ? '-' : rung, String(hits), String(suppressed)],
  ];
}

function nameOf({ name, namespace }: Policy): string {
  return escapeHidden(namespace === '' ? name : `${namespace}/${name}`);
}
