// SPDX-License-Identifier: Apache-2.0
/** A value of a hook as a KprobeArgument. */
import {
  ValueBpf,
  ValueCred,
  ValueFlag,
  ValueModule,
  ValuePath,
  ValuePerfEvent,
  ValueSock,
  ValueSockaddr,
  ValueUserNamespace,
} from '../events/gen/layouts.ts';
import type { HookRecord } from '../events/hook-record.ts';
import type { HookValue, ShownValue } from '../events/hook.ts';
import type { ChunkWriter } from './chunk-writer.ts';
import { writeBytes, writeNetDevice, writeString } from './value-bytes.ts';
import { numberWriter } from './value-number.ts';
import {
  moduleWriter,
  programWriter,
  writeCred,
  writeMap,
  writePerfEvent,
  writeUserNamespace,
} from './value-object.ts';
import { writerOfPath } from './value-path.ts';
import { writeSkb, writeSock, writeSockaddr, writeSockaddrUn } from './value-socket.ts';

/**
 * Writes the member of a KprobeArgument that holds the value: `"int_arg":4`. The data are `length` bytes at `start`, at
 * least as many as the form needs; `flags` are ValueFlag bits.
 */
export type WriteValue = (
  out: ChunkWriter,
  record: HookRecord,
  start: number,
  length: number,
  flags: number,
) => void;

/** A value as one policy shows it, ready to be written. */
export interface PreparedValue {
  readonly entry: number;
  /** where it stands in the event, for `merlon.truncated`: `args[1]` */
  readonly place: string;
  readonly write: WriteValue;
  readonly leastBytes: number;
  /** what could be read before the end of a string or buffer is worth showing */
  readonly partial: boolean;
  /** closes the argument, after its label */
  readonly end: Uint8Array;
}

/** What of an event is less than there was; names of its fields. */
export interface Shortfall {
  readonly truncated: string[];
  readonly unreadable: string[];
}

const OPEN = Buffer.from('{');
const ABSENT = errorBytes('The record does not hold this value');
const MISSING = errorBytes('No such object: a null pointer, or a descriptor that is not open');
const UNREADABLE = errorBytes('Bad address: the value cannot be read');

/** undefined for a value that is not shown: of the type `nop`, or one that the hook does not have. */
export function prepareValue(
  shown: ShownValue,
  values: readonly HookValue[],
  place: string,
): PreparedValue | undefined {
  const value = values[shown.entry];
  if (value === undefined || value.type === 'nop') return undefined;
  return {
    entry: shown.entry,
    place,
    write: writerOf(value),
    leastBytes: LEAST_BYTES[value.form],
    partial: value.form === 'string' || value.form === 'bytes',
    end: Buffer.from(shown.label === undefined ? '}' : `,"label":${JSON.stringify(shown.label)}}`),
  };
}

/** Writes the argument, or an `error_arg` in its place that says why there is no value. */
export function appendValue(
  out: ChunkWriter,
  record: HookRecord,
  value: PreparedValue,
  shortfall: Shortfall,
): void {
  const place = record.find(value.entry);
  const flags = place < 0 ? ValueFlag.VALUE_TRUNCATED : record.flagsOf(place);
  const length = place < 0 ? 0 : record.lengthOf(place);
  if ((flags & ValueFlag.VALUE_TRUNCATED) !== 0) shortfall.truncated.push(value.place);
  if ((flags & ValueFlag.VALUE_UNREADABLE) !== 0) shortfall.unreadable.push(value.place);
  out.append(OPEN);
  if ((flags & ValueFlag.VALUE_MISSING) !== 0) out.append(MISSING);
  else if ((flags & ValueFlag.VALUE_UNREADABLE) !== 0 && !(value.partial && length > 0))
    out.append(UNREADABLE);
  else if (length < value.leastBytes || isEmptied(flags, length)) out.append(ABSENT);
  else value.write(out, record, record.dataOf(place), length, flags);
  out.append(value.end);
}

/** Nothing is left of what there was: the record was full. */
function isEmptied(flags: number, length: number): boolean {
  return length === 0 && (flags & ValueFlag.VALUE_TRUNCATED) !== 0;
}

/** Tetragon spells the member with a capital. */
function errorBytes(message: string): Uint8Array {
  return Buffer.from(`"error_arg":{"Message":${JSON.stringify(message)}}`);
}

const LEAST_BYTES: Readonly<Record<HookValue['form'], number>> = {
  number: 8,
  string: 0,
  bytes: 0,
  path: ValuePath.sizeof,
  sock: ValueSock.sizeof,
  sockaddr: ValueSockaddr.sizeof,
  sockaddr_un: 2,
  cred: ValueCred.sizeof,
  user_namespace: ValueUserNamespace.sizeof,
  bpf: ValueBpf.sizeof,
  perf_event: ValuePerfEvent.sizeof,
  module: ValueModule.sizeof,
};

function writerOf({ form, type, signed }: HookValue): WriteValue {
  switch (form) {
    case 'number':
      return numberWriter(type, signed);
    case 'string':
      return type === 'net_device' ? writeNetDevice : writeString;
    case 'bytes':
      return writeBytes;
    case 'path':
      return writerOfPath(type);
    case 'sock':
      return type === 'skb' ? writeSkb : writeSock;
    case 'sockaddr':
      return writeSockaddr;
    case 'sockaddr_un':
      return writeSockaddrUn;
    case 'cred':
      return writeCred;
    case 'user_namespace':
      return writeUserNamespace;
    case 'bpf':
      return type === 'bpf_map'
        ? writeMap
        : programWriter(type === 'bpf_prog' ? 'bpf_prog_arg' : 'bpf_attr_arg');
    case 'perf_event':
      return writePerfEvent;
    case 'module':
      return moduleWriter(type === 'load_info');
  }
}
