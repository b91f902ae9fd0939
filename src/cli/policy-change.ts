// SPDX-License-Identifier: Apache-2.0
import { AgentClient } from '../api/client.ts';
import { FineGuidanceSensors, TracingPolicyMode } from '../api/gen/tetragon/sensors_pb.js';
import { loadSettings } from '../base/settings.ts';
import { escapeHidden } from '../encode/escape.ts';
import { endWithReader, write } from './output.ts';

const { deleteTracingPolicy, configureTracingPolicy } = FineGuidanceSensors.method;

const DONE = {
  ...{ delete: 'Deleted', enable: 'Enabled', disable: 'Disabled' },
  ...{ enforce: 'Enforcing by', monitor: 'Monitoring by' },
} as const;

const CHANGES = {
  ...{ enable: { enable: true }, disable: { enable: false } },
  enforce: { mode: TracingPolicyMode.TP_MODE_ENFORCE },
  monitor: { mode: TracingPolicyMode.TP_MODE_MONITOR },
} as const;

/** Deletes, enables or disables a policy of the running agent, or sets its mode. */
export async function policyChange(
  change: keyof typeof DONE,
  name: string,
  flags: Record<string, string>,
  { namespace = '', domain = '' }: { namespace?: string; domain?: string },
): Promise<void> {
  const settings = loadSettings({ flags, env: process.env });
  endWithReader();
  const client = await AgentClient.connect(settings.runDir);
  try {
    const which = { name, namespace, domain };
    if (change === 'delete') await client.unary(deleteTracingPolicy, which);
    else await client.unary(configureTracingPolicy, { ...which, ...CHANGES[change] });
    await write(`${DONE[change]} ${escapeHidden(namespace === '' ? name : `${namespace}/${name}`)}\n`);
  } finally {
    client.close();
  }
}
