// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { AgentError, ErrorCode } from '../base/errors.ts';
import { decodeRecord } from '../events/decode.ts';
import { EventLimit, ExecEvent, ExecFlag } from '../events/gen/layouts.ts';
import type { ExecRecord } from '../events/record.ts';

/** Nanoseconds of one clock tick of /proc (USER_HZ is 100 on every architecture we build for). */
const TICK_NS = 10_000_000n;

/**
 * Reads the iterator's output: for each process that lives, what the kernel holds of it (exact start time, image,
 * parent, credentials, namespaces, paths), completed with what only /proc can read: arguments and environment. A process
 * whose /proc entry does not have the same start time has ended meanwhile and is left out. Parents come before their
 * children.
 */
export function readSnapshot(output: Uint8Array, options: { env: boolean }): ExecRecord[] {
  const records = new Map<number, ExecRecord>();
  const ignore = (): void => undefined;
  const view = new DataView(output.buffer, output.byteOffset, output.byteLength);
  const exec = (record: ExecRecord): void => {
    const complete = completeFromProc(record, options.env);
    if (complete !== undefined) records.set(complete.process.tgid, complete);
  };
  const invalid = (reason: string): void => {
    throw new AgentError(ErrorCode.Internal, `Cannot read the process snapshot: ${reason}`);
  };
  for (let offset = 0; offset + ExecEvent.sizeof <= view.byteLength;) {
    const length = view.getUint32(offset + ExecEvent.headerSize, true);
    if (length < ExecEvent.sizeof || length > view.byteLength - offset)
      invalid('record longer than the output');
    const others = { fork: ignore, exit: ignore, tracepoint: ignore, hook: ignore };
    decodeRecord(view, offset, length, { exec, ...others, invalid });
    offset += length;
  }
  return parentsFirst(records);
}

function parentsFirst(records: Map<number, ExecRecord>): ExecRecord[] {
  const ordered = new Set<ExecRecord>();
  for (const record of records.values()) {
    const chain: ExecRecord[] = [];
    for (
      let next: ExecRecord | undefined = record;
      next !== undefined && !ordered.has(next) && !chain.includes(next);
    ) {
      chain.push(next);
      next = records.get(next.realParent.tgid);
    }
    for (const link of chain.reverse()) ordered.add(link);
  }
  return [...ordered];
}

function completeFromProc(record: ExecRecord, withEnv: boolean): ExecRecord | undefined {
  const directory = `/proc/${record.process.tgid}`;
  const args = readProc(`${directory}/cmdline`);
  const env = withEnv ? readProc(`${directory}/environ`) : new Uint8Array();
  const stat = readProc(`${directory}/stat`);
  if (args === undefined || stat === undefined) return undefined;
  if (startTick(stat) !== record.process.startTime / TICK_NS) return undefined;

  let { flags } = record;
  if (args.length > EventLimit.EVENT_ARGS_MAX) flags |= ExecFlag.EXEC_ARGS_TRUNCATED;
  if (env === undefined) flags |= ExecFlag.EXEC_ENV_UNREADABLE;
  else if (env.length > EventLimit.EVENT_ENV_MAX) flags |= ExecFlag.EXEC_ENV_TRUNCATED;
  return {
    ...record,
    flags,
    args: args.subarray(0, EventLimit.EVENT_ARGS_MAX),
    env: env?.subarray(0, EventLimit.EVENT_ENV_MAX) ?? new Uint8Array(),
  };
}

/** Field 22 of /proc/PID/stat; the name before it, in parentheses, may hold anything. */
function startTick(stat: Uint8Array): bigint | undefined {
  const text = Buffer.from(stat).toString('latin1');
  const field = text.slice(text.lastIndexOf(')') + 2).split(' ')[19];
  return field === undefined ? undefined : BigInt(field);
}

/** undefined when the process is gone, or is one that this agent may not look into. */
function readProc(path: string): Uint8Array | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES' || code === 'EPERM') return undefined;
    throw error;
  }
}
