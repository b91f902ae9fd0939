// SPDX-License-Identifier: Apache-2.0
import { ExecFlag } from '../events/gen/layouts.ts';
import type { Enrichment } from '../process/event.ts';
import type { Ancestry, Image, Process } from '../process/process.ts';
import { ancestorsOf } from '../process/process.ts';
import { MAX_DEPTH } from '../process/table.ts';

/** The members of the key `merlon` that tell of a process's ancestors, as the inside of a JSON object. */
export function ancestryJson(process: Process): string {
  const { entries, count, incomplete } = ancestryOf(process);
  const isLong = count > MAX_DEPTH;
  const text = `"ancestry":[${isLong ? nearestEntries(process) : entries}]`;
  const reason = isLong ? 'limit' : incomplete;
  return reason === undefined ? text : `${text},"ancestry_incomplete":"${reason}"`;
}

/** The ancestry of an ancestor is kept with it, so that each of its children adds one entry only. */
function ancestryOf(process: Process): Ancestry {
  const { parent } = process;
  if (parent === undefined || parent.tgid === 0) {
    const isUnknown = process.origin === 'unknown' && process.tgid !== 1;
    return { entries: '', count: 0, incomplete: isUnknown ? 'unknown' : undefined };
  }
  const beyond = (parent.ancestry ??= ancestryOf(parent));
  return {
    entries: beyond.count === 0 ? entryOf(parent) : `${entryOf(parent)},${beyond.entries}`,
    count: beyond.count + 1,
    incomplete: process.cut ? 'cut' : beyond.incomplete,
  };
}

function nearestEntries(process: Process): string {
  return [...ancestorsOf(process)].slice(0, MAX_DEPTH).map(entryOf).join();
}

function entryOf(process: Process): string {
  const binary = process.image?.binary ?? '';
  return JSON.stringify({ exec_id: process.execId, pid: process.tgid, ...(binary !== '' && { binary }) });
}

const TRUNCATED: readonly [flag: number, field: string][] = [
  [ExecFlag.EXEC_PATH_TRUNCATED, 'process.binary'],
  [ExecFlag.EXEC_CWD_TRUNCATED, 'process.cwd'],
  [ExecFlag.EXEC_ARGS_TRUNCATED, 'process.arguments'],
  [ExecFlag.EXEC_ENV_TRUNCATED, 'process.environment_variables'],
  [ExecFlag.EXEC_SCRIPT_TRUNCATED, 'merlon.script'],
  [ExecFlag.EXEC_CGROUP_TRUNCATED, 'merlon.cgroup'],
];
const UNREADABLE: readonly [flag: number, field: string][] = [
  [ExecFlag.EXEC_ARGS_UNREADABLE, 'process.arguments'],
  [ExecFlag.EXEC_ENV_UNREADABLE, 'process.environment_variables'],
];

function namesOf(flags: number, table: readonly [flag: number, field: string][]): string[] {
  return table.filter(([flag]) => (flags & flag) !== 0).map(([, field]) => field);
}

/**
 * What an exec event says under `merlon` beyond the ancestry, as an object for JSON.stringify. A member that is 0 is left out, as
 * protobuf's JSON does it: gRPC clients write the same text.
 */
export function execDetails(process: Process, image: Image): object {
  const has = (flag: number): boolean => (image.flags & flag) !== 0;
  const truncated = namesOf(image.flags, TRUNCATED);
  const unreadable = namesOf(image.flags, UNREADABLE);
  return {
    ...(truncated.length > 0 && { truncated }),
    ...(unreadable.length > 0 && { unreadable }),
    ...(image.script !== '' && { script: image.script }),
    ...(image.argv.length > 0 && { argv: image.argv }),
    ...(image.argvBytes !== undefined && { argv_bytes: Buffer.from(image.argvBytes).toString('base64') }),
    ...(image.root !== '' && { root: image.root }),
    cgroup: {
      ...(image.cgroupId !== 0n && { id: String(image.cgroupId) }),
      ...(image.cgroup !== '' && { path: image.cgroup }),
    },
    ...(image.tty !== 0 && { tty: deviceText(image.tty) }),
    ...(image.sid !== 0 && { sid: image.sid }),
    ...(isSession(image.sessionId) && { audit_session_id: image.sessionId }),
    file: {
      ...(image.inode !== 0n && { inode: String(image.inode) }),
      device: deviceText(image.dev),
      ...(image.mountId !== 0 && { mount_id: image.mountId }),
      ...(has(ExecFlag.EXEC_DELETED) && { deleted: true }),
      ...(has(ExecFlag.EXEC_ANONYMOUS) && { anonymous: true }),
    },
    ...(has(ExecFlag.EXEC_FROM_THREAD) && { exec_tid: process.tid }),
  };
}

export function enrichmentJson(enrichment: Enrichment | undefined): string {
  return enrichment === undefined ? '' : `,"enrichment":"${enrichment}"`;
}

/** AUDIT_SID_UNSET of include/linux/audit.h is no session; the first one has the id 1. */
function isSession(id: number): boolean {
  return id !== 0 && id !== 0xffff_ffff;
}

/** The kernel's MAJOR() and MINOR() (include/linux/kdev_t.h). */
function deviceText(dev: number): string {
  return `${dev >>> 20}:${dev & 0xf_ffff}`;
}
