// SPDX-License-Identifier: Apache-2.0
import { AgentClient } from '../api/client.ts';
import { toExportForm } from '../api/export-form.ts';
import type { ListTracingPoliciesResponse } from '../api/gen/tetragon/sensors_pb.js';
import {
  FineGuidanceSensors,
  ListTracingPoliciesResponseSchema,
  TracingPolicyState,
} from '../api/gen/tetragon/sensors_pb.js';
import { loadSettings } from '../base/settings.ts';
import { escapeHidden } from '../encode/escape.ts';
import { endWithReader, table, write } from './output.ts';

/** Prints the policies of the running agent: as a table, or tetragon.ListTracingPoliciesResponse as one JSON object. */
export async function policyList(flags: Record<string, string>, options: { output?: string }): Promise<void> {
  const settings = loadSettings({ flags, env: process.env });
  endWithReader();
  const client = await AgentClient.connect(settings.runDir);
  try {
    const answer = await client.unary(FineGuidanceSensors.method.listTracingPolicies, {});
    const json = options.output === 'json';
    await write(
      json
        ? `${JSON.stringify(toExportForm(ListTracingPoliciesResponseSchema, answer))}\n`
        : describe(answer),
    );
  } finally {
    client.close();
  }
}

function describe({ policies }: ListTracingPoliciesResponse): string {
  if (policies.length === 0) return 'No policies are loaded\n';
  const rows = policies.map(({ name, namespace, state, hookStatuses, kernelMemoryBytes }) => [
    escapeHidden(namespace === '' ? name : `${namespace}/${name}`),
    TracingPolicyState[state].replace('TP_STATE_', '').toLowerCase(),
    hookStatuses.map(({ section }) => section).join(' '),
    `${(Number(kernelMemoryBytes) / 1024).toFixed(1)} KiB`,
  ]);
  const details = policies.flatMap(({ name, error, info }) => [
    ...(error === '' ? [] : [`! ${escapeHidden(name)}: ${escapeHidden(error.replaceAll('\n', ' '))}\n`]),
    ...(info === '' ? [] : [`  ${escapeHidden(name)}: ${escapeHidden(info)}\n`]),
  ]);
  return [table([['POLICY', 'STATE', 'ATTACHED TO', 'MEMORY'], ...rows]), ...details].join('');
}
