// SPDX-License-Identifier: Apache-2.0
import type { SpawnOptions } from 'node:child_process';
import { program } from './programs.ts';
import { Subject } from './subject.ts';

/** Report of test/programs/identity.c; byte strings are hex there. */
interface RawIdentity {
  pid: number;
  ns_pid: number;
  start_tick: number;
  sid: number;
  tty: number;
  inode: number;
  dev_major: number;
  dev_minor: number;
  links: number;
  exe: string | null;
  cwd: string | null;
  cmdline: string | null;
  environ: string | null;
  status: string | null;
  cgroup: string | null;
  loginuid: string | null;
  sessionid: string | null;
  ns: Record<string, number>;
  chain: { pid: number; exe: string | null }[];
}

/** What /proc told a process about itself, and about its ancestors while all of them lived. */
export interface Identity {
  readonly pid: number;
  readonly nsPid: number;
  /** clock ticks since boot */
  readonly startTick: number;
  readonly sid: number;
  /** dev_t in the form of user space: minor 0-7 and 20-31, major 8-19 */
  readonly tty: number;
  readonly inode: string;
  readonly device: string;
  readonly links: number;
  readonly exe: string | undefined;
  readonly cwd: string | undefined;
  /** each argument ended by NUL */
  readonly cmdline: Buffer;
  readonly environ: string[];
  /** fields of /proc/self/status */
  readonly status: Record<string, string>;
  /** path in the cgroup v2 hierarchy */
  readonly cgroup: string;
  readonly loginuid: number;
  readonly sessionid: number;
  readonly ns: Record<string, number>;
  /** from the parent up to pid 1; undefined where the machine does not show the binary */
  readonly chain: { pid: number; binary: string | undefined }[];
}

/** Runs a command that executes `identity` with HOLD set; the subject is to be ended by the caller. */
export function holdIdentity(command: string[], options: SpawnOptions = {}): Subject {
  const [path = '', ...args] = command;
  return new Subject(path, args, { ...options, env: { HOLD: '1', ...options.env } });
}

/** Runs `identity`, directly or by a command, to its end. `index` is the line of the command's output. */
export async function runIdentity(
  command: string[] = [program('identity')],
  options: SpawnOptions & { index?: number; input?: Uint8Array } = {},
): Promise<Identity> {
  const [path = '', ...args] = command;
  const { index, input, ...spawnOptions } = options;
  const subject = new Subject(path, args, spawnOptions);
  if (input !== undefined) subject.write(input);
  await subject.end();
  return await readIdentity(subject, index);
}

export async function readIdentity(subject: Subject, index = 0): Promise<Identity> {
  const raw = await subject.report<RawIdentity>(index);
  return {
    pid: raw.pid,
    nsPid: raw.ns_pid,
    startTick: raw.start_tick,
    sid: raw.sid,
    tty: raw.tty,
    inode: String(raw.inode),
    device: `${raw.dev_major}:${raw.dev_minor}`,
    links: raw.links,
    exe: withoutDeleted(text(raw.exe)),
    cwd: text(raw.cwd),
    cmdline: Buffer.from(raw.cmdline ?? '', 'hex'),
    environ: (text(raw.environ) ?? '').split('\0').slice(0, -1),
    status: fieldsOf(text(raw.status) ?? ''),
    cgroup: /^0::(.*)$/m.exec(text(raw.cgroup) ?? '')?.[1] ?? '',
    loginuid: Number(text(raw.loginuid)),
    sessionid: Number(text(raw.sessionid)),
    ns: raw.ns,
    chain: raw.chain.map(({ pid, exe }) => ({ pid, binary: withoutDeleted(text(exe)) })),
  };
}

/** Lines "Name: value" of /proc/PID/status. */
function fieldsOf(status: string): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const [, name = '', value = ''] of status.matchAll(/^(\w+):\s*(.*)$/gm)) fields[name] = value;
  return fields;
}

function text(hex: string | null): string | undefined {
  return hex === null ? undefined : Buffer.from(hex, 'hex').toString('utf8');
}

/** /proc marks the path of a file that has no name any more. */
function withoutDeleted(path: string | undefined): string | undefined {
  return path?.replace(/ \(deleted\)$/, '');
}
