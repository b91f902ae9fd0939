// SPDX-License-Identifier: Apache-2.0
import { AgentClient } from '../api/client.ts';
import { FineGuidanceSensors } from '../api/gen/tetragon/sensors_pb.js';
import { loadSettings } from '../base/settings.ts';
import { escapeHidden } from '../encode/escape.ts';
import { endWithReader, write } from './output.ts';

const { deleteTracingPolicy, configureTracingPolicy } = FineGuidanceSensors.method;

const DONE = { delete: 'Deleted', enable: 'Enabled', disable: 'Disabled' } as const;

/** Deletes, enables or disables a policy of the running agent. */
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
    else await client.unary(configureTracingPolicy, { ...which, enable: change === 'enable' });
    await write(`${DONE[change]} ${escapeHidden(namespace === '' ? name : `${namespace}/${name}`)}\n`);
  } finally {
    client.close();
  }
}
