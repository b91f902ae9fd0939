// SPDX-License-Identifier: Apache-2.0
import type {
  ExecRecord,
  ExitRecord,
  ForkRecord,
  ProcessKey,
  RecordHeader,
  TracepointRecord,
} from './record.ts';
import { EventType, ExecEvent, ExitEvent, ForkEvent, TracepointEvent } from './gen/layouts.ts';
import { HookRecord } from './hook-record.ts';

/** What a batch holds, one call per record, in the order of the batch. */
export interface RecordHandler {
  exec(record: ExecRecord): void;
  fork(record: ForkRecord): void;
  exit(record: ExitRecord): void;
  tracepoint(record: TracepointRecord): void;
  /** The record is good until this returns. */
  hook(record: HookRecord): void;
  /** A record that cannot be read: its type or size is not one that this version knows. */
  invalid(reason: string): void;
}

/** Framing that the ring reader puts before each record: u32 length, u32 lane; records are 8-byte aligned. */
const FRAME_BYTES = 8;

/**
 * Reads a batch of the ring reader. Input from the kernel is still input: every length is checked against the batch, a
 * record that does not fit its type is reported and skipped, and nothing throws.
 */
export function decodeBatch(buffer: ArrayBuffer, bytes: number, handler: RecordHandler): void {
  const view = new DataView(buffer, 0, Math.min(bytes, buffer.byteLength));
  let offset = 0;
  while (offset + FRAME_BYTES <= view.byteLength) {
    const length = view.getUint32(offset, true);
    const start = offset + FRAME_BYTES;
    if (length > view.byteLength - start) {
      handler.invalid('frame longer than its batch');
      return;
    }
    decodeRecord(view, start, length, handler);
    offset = start + ((length + 7) & ~7);
  }
  if (offset < view.byteLength) handler.invalid('bytes after the last frame');
}

/** Reads one record of `length` bytes at `offset`. */
export function decodeRecord(view: DataView, offset: number, length: number, handler: RecordHandler): void {
  if (length < ExecEvent.headerKtime + 8 || view.getUint32(offset + ExecEvent.headerSize, true) !== length) {
    handler.invalid('header size differs from the length in the ring');
    return;
  }
  switch (view.getUint8(offset + ExecEvent.headerType)) {
    case EventType.EVENT_TRACEPOINT:
      if (length === TracepointEvent.sizeof) handler.tracepoint(readTracepoint(view, offset));
      else handler.invalid('tracepoint record of another size');
      return;
    case EventType.EVENT_FORK:
      if (length === ForkEvent.sizeof) handler.fork(readFork(view, offset));
      else handler.invalid('fork record of another size');
      return;
    case EventType.EVENT_EXIT:
      if (length === ExitEvent.sizeof) handler.exit(readExit(view, offset));
      else handler.invalid('exit record of another size');
      return;
    case EventType.EVENT_EXEC:
      if (isWholeExec(view, offset, length)) handler.exec(readExec(view, offset));
      else handler.invalid('exec record whose fields do not fill it');
      return;
    case EventType.EVENT_HOOK:
      decodeHook(view, offset, length, handler);
      return;
    default:
      handler.invalid('unknown record type');
  }
}

const hookRecord = new HookRecord();

function decodeHook(view: DataView, offset: number, length: number, handler: RecordHandler): void {
  const reason = hookRecord.point(view, offset, length);
  if (reason === undefined) handler.hook(hookRecord);
  else handler.invalid(reason);
}

function readHeader(view: DataView, offset: number): RecordHeader {
  return {
    cpu: view.getUint16(offset + ExecEvent.headerCpu, true),
    lane: view.getUint8(offset + ExecEvent.headerLane),
    seq: readCount(view, offset + ExecEvent.headerSeq),
    ktime: view.getBigUint64(offset + ExecEvent.headerKtime, true),
  };
}

/** A 64-bit count as a number: exact below 2^53. */
function readCount(view: DataView, offset: number): number {
  return view.getUint32(offset, true) + view.getUint32(offset + 4, true) * 0x1_0000_0000;
}

function readKey(view: DataView, offset: number): ProcessKey {
  return {
    tgid: view.getUint32(offset + ExecEvent.processTgid, true),
    startTime: view.getBigUint64(offset + ExecEvent.processStartTime, true),
  };
}

function readTracepoint(view: DataView, offset: number): TracepointRecord {
  return {
    header: readHeader(view, offset),
    process: readKey(view, offset),
    arg0: view.getBigUint64(offset + TracepointEvent.args, true),
    arg1: view.getBigUint64(offset + TracepointEvent.args + 8, true),
    tid: view.getUint32(offset + TracepointEvent.tid, true),
    hook: view.getUint32(offset + TracepointEvent.hook, true),
  };
}

function readFork(view: DataView, offset: number): ForkRecord {
  return {
    header: readHeader(view, offset),
    process: readKey(view, offset),
    parent: {
      tgid: view.getUint32(offset + ForkEvent.parentTgid, true),
      imageTime: view.getBigUint64(offset + ForkEvent.parentImageTime, true),
    },
    nsTgid: view.getUint32(offset + ForkEvent.nsTgid, true),
    cgroupId: view.getBigUint64(offset + ForkEvent.cgroupId, true),
  };
}

function readExit(view: DataView, offset: number): ExitRecord {
  return {
    header: readHeader(view, offset),
    process: readKey(view, offset),
    imageTime: view.getBigUint64(offset + ExitEvent.imageTime, true),
    code: view.getUint32(offset + ExitEvent.code, true),
    tid: view.getUint32(offset + ExitEvent.tid, true),
  };
}

const TAIL_LENGTHS = [
  ExecEvent.pathLength,
  ExecEvent.cwdLength,
  ExecEvent.argsLength,
  ExecEvent.scriptLength,
  ExecEvent.rootLength,
  ExecEvent.cgroupLength,
  ExecEvent.envLength,
];

/** The tail's fields, back to back, must end where the record ends. */
function isWholeExec(view: DataView, offset: number, length: number): boolean {
  if (length < ExecEvent.sizeof) return false;
  let end: number = ExecEvent.sizeof;
  for (const field of TAIL_LENGTHS) end += view.getUint16(offset + field, true);
  return end === length;
}

/** Reads an exec record that was checked. The variable fields are views of the batch: good until it is used again. */
function readExec(view: DataView, offset: number): ExecRecord {
  const u32 = (field: number): number => view.getUint32(offset + field, true);
  const u64 = (field: number): bigint => view.getBigUint64(offset + field, true);
  const bytes = new Uint8Array(view.buffer, view.byteOffset);
  let position = offset + ExecEvent.sizeof;
  const tail = (lengthField: number): Uint8Array => {
    const start = position;
    position += view.getUint16(offset + lengthField, true);
    return bytes.subarray(start, position);
  };
  return {
    header: readHeader(view, offset),
    process: readKey(view, offset),
    parent: { tgid: u32(ExecEvent.parentTgid), imageTime: u64(ExecEvent.parentImageTime) },
    realParent: { tgid: u32(ExecEvent.realParentTgid), startTime: u64(ExecEvent.realParentStartTime) },
    imageTime: u64(ExecEvent.imageTime),
    cgroupId: u64(ExecEvent.cgroupId),
    inode: u64(ExecEvent.inode),
    inodeLinks: u32(ExecEvent.inodeLinks),
    dev: u32(ExecEvent.dev),
    mountId: u32(ExecEvent.mountId),
    tid: u32(ExecEvent.tid),
    nsTgid: u32(ExecEvent.nsTgid),
    auid: u32(ExecEvent.auid),
    sessionId: u32(ExecEvent.sessionId),
    sid: u32(ExecEvent.sid),
    tty: u32(ExecEvent.tty),
    argc: u32(ExecEvent.argc),
    flags: u32(ExecEvent.flags),
    credentials: {
      uid: u32(ExecEvent.credsUid),
      gid: u32(ExecEvent.credsGid),
      euid: u32(ExecEvent.credsEuid),
      egid: u32(ExecEvent.credsEgid),
      suid: u32(ExecEvent.credsSuid),
      sgid: u32(ExecEvent.credsSgid),
      fsuid: u32(ExecEvent.credsFsuid),
      fsgid: u32(ExecEvent.credsFsgid),
      securebits: u32(ExecEvent.credsSecurebits),
      userNsLevel: u32(ExecEvent.credsUserNsLevel),
      userNsOwnerUid: u32(ExecEvent.credsUserNsOwnerUid),
      userNsOwnerGid: u32(ExecEvent.credsUserNsOwnerGid),
      capPermitted: u64(ExecEvent.credsCapPermitted),
      capEffective: u64(ExecEvent.credsCapEffective),
      capInheritable: u64(ExecEvent.credsCapInheritable),
    },
    namespaces: {
      uts: u32(ExecEvent.nsUts),
      ipc: u32(ExecEvent.nsIpc),
      mnt: u32(ExecEvent.nsMnt),
      pid: u32(ExecEvent.nsPid),
      pidForChildren: u32(ExecEvent.nsPidForChildren),
      net: u32(ExecEvent.nsNet),
      time: u32(ExecEvent.nsTime),
      timeForChildren: u32(ExecEvent.nsTimeForChildren),
      cgroup: u32(ExecEvent.nsCgroup),
      user: u32(ExecEvent.nsUser),
    },
    path: tail(ExecEvent.pathLength),
    cwd: tail(ExecEvent.cwdLength),
    args: tail(ExecEvent.argsLength),
    script: tail(ExecEvent.scriptLength),
    root: tail(ExecEvent.rootLength),
    cgroup: tail(ExecEvent.cgroupLength),
    env: tail(ExecEvent.envLength),
  };
}
