// SPDX-License-Identifier: Apache-2.0
/** Strings and buffers of a hook as members of a KprobeArgument. Data: their bytes. */
import {
  HookValue,
  ValueEntry,
  ValueFlag,
  ValueRest,
  ValueRestPlace,
  ValueSize,
} from '../events/gen/layouts.ts';
import type { HookRecord } from '../events/hook-record.ts';
import { appendBytes, appendLongNumber, keyOf } from './json-members.ts';
import type { WriteValue } from './value-json.ts';

const OPEN_STRING = Buffer.from('"string_arg":"');
const OPEN_NET_DEVICE = Buffer.from('"net_dev_arg":{');
const OPEN_BYTES = Buffer.from('"bytes_arg":"');
const OPEN_TRUNCATED = Buffer.from('"truncated_bytes_arg":{"bytes_arg":"');
const END_OF_TEXT = Buffer.from('"');
const CLOSE = Buffer.from('}');
const NAME = keyOf('name');
const ORIGINAL_SIZE = keyOf('orig_size');

export const writeString: WriteValue = (out, { bytes }, start, length) => {
  out.append(OPEN_STRING);
  out.appendJson(bytes, start, start + length);
  out.append(END_OF_TEXT);
};

export const writeNetDevice: WriteValue = (out, { bytes }, start, length) => {
  out.append(OPEN_NET_DEVICE);
  appendBytes(out, NAME, bytes, start, start + length);
  out.append(CLOSE);
};

/** A buffer that was cut has its size too, when the record tells it; one with maxData goes on in another place of it. */
export const writeBytes: WriteValue = (out, record, start, length, flags) => {
  const isCut = (flags & ValueFlag.VALUE_TRUNCATED) !== 0;
  const entry = record.view.getUint16(start - HookValue.sizeof + HookValue.entry, true);
  const rest = findExtra(record, ValueEntry.VALUE_REST, ValueRest, entry);
  out.append(isCut ? OPEN_TRUNCATED : OPEN_BYTES);
  out.appendBase64(
    record.bytes,
    start,
    start + (rest < 0 ? length : Math.min(length, ValueRestPlace.VALUE_REST_FROM)),
  );
  if (rest >= 0)
    out.appendBase64(
      record.bytes,
      record.dataOf(rest) + ValueRest.sizeof,
      record.dataOf(rest) + record.lengthOf(rest),
    );
  out.append(END_OF_TEXT);
  if (!isCut) return;
  const size = findExtra(record, ValueEntry.VALUE_SIZE, ValueSize, entry);
  if (size >= 0) appendLongNumber(out, ORIGINAL_SIZE, record.view, record.dataOf(size) + ValueSize.size);
  out.append(CLOSE);
};

/** The place of what tells more of value `entry`; -1 when the record has nothing of that kind. */
function findExtra(
  record: HookRecord,
  kind: number,
  layout: { readonly sizeof: number; readonly entry: number },
  entry: number,
): number {
  for (let place = record.next(kind, 0); place >= 0; place = record.next(kind, record.after(place)))
    if (
      record.lengthOf(place) >= layout.sizeof &&
      record.view.getUint32(record.dataOf(place) + layout.entry, true) === entry
    )
      return place;
  return -1;
}
