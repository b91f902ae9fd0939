// SPDX-License-Identifier: Apache-2.0
import { timestampDate } from '@bufbuild/protobuf/wkt';
import { AgentClient } from '../api/client.ts';
import { toExportForm } from '../api/export-form.ts';
import type { GetStatusResponse } from '../api/gen/merlon/agent_pb.js';
import { Agent, GetStatusResponseSchema } from '../api/gen/merlon/agent_pb.js';
import { formatDuration } from '../base/setting-quantities.ts';
import { loadSettings } from '../base/settings.ts';
import { escapeHidden } from '../encode/escape.ts';
import { endWithReader, table, write } from './output.ts';

/** Prints how the agent is doing: as tables, or merlon.GetStatusResponse as one JSON object. */
export async function status(flags: Record<string, string>, options: { output?: string }): Promise<void> {
  const settings = loadSettings({ flags, env: process.env });
  endWithReader();
  const client = await AgentClient.connect(settings.runDir);
  try {
    const answer = await client.unary(Agent.method.getStatus, {});
    const json = options.output === 'json';
    await write(
      json ? `${JSON.stringify(toExportForm(GetStatusResponseSchema, answer))}\n` : describe(answer),
    );
  } finally {
    client.close();
  }
}

function describe(answer: GetStatusResponse): string {
  const { startTime, memory, processTable, lanes, sinks, subscribers, problems, selfProtection } = answer;
  const node = [answer.nodeName, answer.clusterName].filter(Boolean).join(' in ');
  const facts: string[][] = [
    [
      'Merlon',
      `${answer.version}, pid ${answer.pid}, ${startTime === undefined ? '' : since(timestampDate(startTime))}`,
    ],
    ['Node', `${escapeHidden(node)}, Linux ${answer.kernel}`],
  ];
  if (memory !== undefined)
    facts.push(['Memory', `${mebibytes(memory.rssBytes)} RSS, ${mebibytes(memory.mapBytes)} in maps`]);
  if (processTable !== undefined) {
    const { processes, bytes, budgetBytes, refused, missingParents } = processTable;
    facts.push(['Processes', `${processes}, ${mebibytes(bytes)} of ${mebibytes(budgetBytes)}`]);
    facts.push(['', `${refused} without room, ${missingParents} missing parents`]);
  }
  if (selfProtection !== undefined) {
    const { state, reason } = selfProtection;
    facts.push(['Protection', escapeHidden(reason === '' ? state : `${state}: ${reason}`)]);
  }
  const sections = [table(facts)];
  section('LANE', ['RING', 'RECEIVED', 'LOST'], lanes, (lane) => [
    lane.name,
    mebibytes(lane.ringBytes),
    String(lane.received),
    String(lane.lost),
  ]);
  section('SINK', ['EVENTS', 'BYTES', 'LOST', 'ERRORS', 'LATEST ERROR'], sinks, (sink) => [
    sink.name,
    String(sink.events),
    String(sink.bytes),
    String(sink.lost),
    String(sink.errors),
    escapeHidden(sink.error),
  ]);
  section('CLIENT', ['UID', 'ROLE', 'EVENTS', 'LOST'], subscribers, (client) => [
    `pid ${client.pid}`,
    String(client.uid),
    client.role,
    String(client.events),
    String(client.lost),
  ]);
  section('REFUSED', ['TIMES', 'LATEST BY'], selfProtection?.refused ?? [], (refusal) => [
    refusal.what,
    String(refusal.count),
    `pid ${refusal.pid} (${escapeHidden(refusal.command)})`,
  ]);
  sections.push(
    problems.length === 0 ? 'All is well.\n' : problems.map((line) => `! ${escapeHidden(line)}\n`).join(''),
  );
  return sections.join('\n');

  function section<T>(title: string, columns: string[], items: T[], row: (item: T) => string[]): void {
    if (items.length > 0) sections.push(table([[title, ...columns], ...items.map(row)]));
  }
}

function since(start: Date): string {
  const ms = Math.max(0, Date.now() - start.getTime());
  return `running for ${formatDuration(ms - (ms % 1000))}`;
}

function mebibytes(bytes: bigint): string {
  return `${(Number(bytes) / (1 << 20)).toFixed(1)} MiB`;
}
