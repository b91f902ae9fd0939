// SPDX-License-Identifier: Apache-2.0
/** Events as the export file has them: what the tests read of it. */

export interface ExportedProcess {
  exec_id: string;
  pid: number;
  uid?: number;
  cwd?: string;
  binary?: string;
  arguments?: string;
  flags?: string;
  start_time?: string;
  auid?: number;
  parent_exec_id?: string;
  tid: number;
  in_init_tree?: boolean;
  cap?: Record<string, string[]>;
  ns?: Record<string, { inum: number; is_host?: boolean }>;
  process_credentials?: Record<string, unknown>;
  binary_properties?: {
    setuid?: number;
    setgid?: number;
    privileges_changed?: string[];
    file?: { inode: { number: string; links: number }; path: string };
  };
  environment_variables?: { Key: string; Value?: string }[];
}

export interface Ancestor {
  exec_id: string;
  pid: number;
  binary?: string;
}

export interface MerlonPart {
  ancestry: Ancestor[];
  ancestry_incomplete?: string;
  truncated?: string[];
  unreadable?: string[];
  script?: string;
  argv?: string[];
  argv_bytes?: string;
  root?: string;
  cgroup?: { id?: string; path?: string };
  tty?: string;
  sid?: number;
  audit_session_id?: number;
  file?: { inode: string; device: string; mount_id?: number; deleted?: boolean; anonymous?: boolean };
  enrichment?: string;
  core_dumped?: boolean;
  exec_tid?: number;
}

export interface ExecEvent {
  process: ExportedProcess;
  parent?: ExportedProcess;
  time: string;
  merlon: MerlonPart;
}

export interface ExitEvent extends ExecEvent {
  signal?: string;
  status?: number;
}

export interface GapEvent {
  lane: string;
  cpu?: number;
  lost: number;
  from: string;
  to: string;
}

/** One line of the file, as JSON. */
interface Line {
  process_exec?: { process: ExportedProcess; parent?: ExportedProcess };
  process_exit?: { process: ExportedProcess; parent?: ExportedProcess; signal?: string; status?: number };
  merlon_gap?: Omit<GapEvent, 'lost'> & { lost: string };
  time: string;
  merlon: MerlonPart;
}

export type ExportedEvent =
  ({ kind: 'exec' } & ExecEvent) | ({ kind: 'exit' } & ExitEvent) | ({ kind: 'gap' } & GapEvent);

/** Throws for a line that is no JSON, or of a kind that the tests do not know. */
export function parseEvent(text: string): ExportedEvent {
  const line = JSON.parse(text) as Line;
  const { time, merlon } = line;
  if (line.process_exec !== undefined) return { kind: 'exec', ...line.process_exec, time, merlon };
  if (line.process_exit !== undefined) return { kind: 'exit', ...line.process_exit, time, merlon };
  if (line.merlon_gap !== undefined)
    return { kind: 'gap', ...line.merlon_gap, lost: Number(line.merlon_gap.lost) };
  throw new Error(`Unknown event: ${text.slice(0, 200)}`);
}

/** What an exec_id says: base64 of node:ktime:pid. */
export function parseExecId(execId: string): { node: string; ktime: bigint; pid: number } {
  const [node = '', ktime = '', pid = ''] = Buffer.from(execId, 'base64').toString().split(':');
  return { node, ktime: BigInt(ktime), pid: Number(pid) };
}
