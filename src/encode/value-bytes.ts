// SPDX-License-Identifier: Apache-2.0
/** Strings and buffers of a hook as members of a KprobeArgument. Data: their bytes. */
import { HookValue, ValueEntry, ValueFlag, ValueSize } from '../events/gen/layouts.ts';
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

/** A buffer that was cut has its size too, when the record tells it. */
export const writeBytes: WriteValue = (out, record, start, length, flags) => {
  const isCut = (flags & ValueFlag.VALUE_TRUNCATED) !== 0;
  out.append(isCut ? OPEN_TRUNCATED : OPEN_BYTES);
  out.appendBase64(record.bytes, start, start + length);
  out.append(END_OF_TEXT);
  if (!isCut) return;
  const size = findSize(record, start);
  if (size >= 0) appendLongNumber(out, ORIGINAL_SIZE, record.view, size);
  out.append(CLOSE);
};

/** Where the size of the buffer whose data begin at `start` stands; -1 when the record does not tell it. */
function findSize(record: HookRecord, start: number): number {
  const entry = record.view.getUint16(start - HookValue.sizeof + HookValue.entry, true);
  for (
    let place = record.next(ValueEntry.VALUE_SIZE, 0);
    place >= 0;
    place = record.next(ValueEntry.VALUE_SIZE, record.after(place))
  ) {
    if (record.lengthOf(place) < ValueSize.sizeof) continue;
    const data = record.dataOf(place);
    if (record.view.getUint32(data + ValueSize.entry, true) === entry) return data + ValueSize.size;
  }
  return -1;
}
