// SPDX-License-Identifier: Apache-2.0
import { AgentClient } from '../api/client.ts';
import { toExportForm } from '../api/export-form.ts';
import { Agent } from '../api/gen/merlon/agent_pb.js';
import type { Process } from '../api/gen/tetragon/tetragon_pb.js';
import { ProcessSchema } from '../api/gen/tetragon/tetragon_pb.js';
import type { Settings } from '../base/settings.ts';
import { loadSettings } from '../base/settings.ts';
import { shortenEnd } from '../encode/compact-text.ts';
import { escapeHidden } from '../encode/escape.ts';
import { useColor } from '../base/use-color.ts';
import { endWithReader, table, terminalWidth, write } from './output.ts';
import { drawTree } from './process-tree.ts';

/** Prints the agent's process table: as columns, as a tree, or one JSON object (tetragon.Process) per line. */
export async function ps(
  flags: Record<string, string>,
  options: { output?: string; tree?: boolean },
): Promise<void> {
  const settings = loadSettings({ flags, env: process.env });
  endWithReader();
  const client = await AgentClient.connect(settings.runDir);
  try {
    const processes: Process[] = [];
    for await (const { process } of client.stream(Agent.method.listProcesses, {})) {
      if (process !== undefined) processes.push(process);
    }
    if (options.output === 'json') {
      for (const process of processes)
        await write(`${JSON.stringify(toExportForm(ProcessSchema, process))}\n`);
    } else {
      await write(options.tree === true ? tree(processes, settings) : columns(processes));
    }
  } finally {
    client.close();
  }
}

function tree(processes: readonly Process[], { color }: Settings): string {
  return drawTree(processes, { color: useColor(color), ...terminalWidth() });
}

function columns(processes: readonly Process[]): string {
  const byId = new Map(processes.map((process) => [process.execId, process]));
  const rows = processes.map((process) => {
    const parent = byId.get(process.parentExecId);
    return [
      String(process.pid ?? '?'),
      String(parent?.pid ?? '?'),
      String(process.uid ?? '?'),
      startTime(process),
      commandLine(process),
    ];
  });
  const text = table([['PID', 'PARENT', 'UID', 'STARTED', 'COMMAND'], ...rows], [0, 1, 2]);
  const { width } = terminalWidth();
  return width === undefined ? text : text.replace(/^.*$/gm, (line) => shortenEnd(line, width));
}

/** Local time to the second. */
function startTime({ startTime: time }: Process): string {
  if (time === undefined) return '?';
  const date = new Date(Number(time.seconds) * 1000);
  const two = (part: number) => String(part).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** Binary and arguments on one line, safe for a terminal. */
function commandLine({ binary, arguments: args }: Process): string {
  return escapeHidden(args === '' ? binary : `${binary} ${args}`);
}
