// SPDX-License-Identifier: Apache-2.0
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { BpfMap } from '../../native/index.d.ts';
import { addon } from '../kernel/addon.ts';

/** What every version has in front of the text: its format, the largest id that it tells of, its bytes. */
const HEADER = { format: 0, lastId: 4, bytes: 8, sizeof: 16 } as const;

const ARRAY = 2; // BPF_MAP_TYPE_ARRAY
const KEY = new Uint8Array(4);

export interface JsonMap {
  readonly lastId: number;
  /** undefined when another version has written it in a form of its own */
  readonly value: unknown;
}

/**
 * A map that holds JSON, for an agent that starts later: it is pinned beside the programs that it is about, so neither can
 * be there without the other, and no disk can be full. `bigint` is kept.
 */
export function makeJsonMap(name: string, format: number, value: unknown, lastId = 0): BpfMap {
  const text = deflateRawSync(JSON.stringify(value, replaceBigint));
  const bytes = Buffer.alloc(HEADER.sizeof + Math.ceil(text.length / 8) * 8);
  bytes.writeUInt32LE(format, HEADER.format);
  bytes.writeUInt32LE(lastId, HEADER.lastId);
  bytes.writeUInt32LE(text.length, HEADER.bytes);
  text.copy(bytes, HEADER.sizeof);
  const map = addon.BpfMap.create({
    ...{ name, type: ARRAY, keySize: 4, maxEntries: 1, flags: 0 },
    valueSize: bytes.length,
  });
  map.set(KEY, bytes);
  return map;
}

/** Throws when the map holds none. */
export function readJsonMap(map: BpfMap, format: number): JsonMap {
  const { type, keySize, maxEntries } = map.info();
  const found = type === ARRAY && keySize === 4 && maxEntries === 1 ? map.get(KEY) : undefined;
  if (found === undefined || found.length < HEADER.sizeof)
    throw new RangeError('Cannot read a description: the map holds none');
  const bytes = Buffer.from(found.buffer, found.byteOffset, found.byteLength);
  const lastId = bytes.readUInt32LE(HEADER.lastId);
  if (bytes.readUInt32LE(HEADER.format) !== format) return { lastId, value: undefined };
  const text = bytes.subarray(HEADER.sizeof, HEADER.sizeof + bytes.readUInt32LE(HEADER.bytes));
  return { lastId, value: JSON.parse(inflateRawSync(text).toString(), reviveBigint) as unknown };
}

function replaceBigint(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? { bigint: String(value) } : value;
}

function reviveBigint(_key: string, value: unknown): unknown {
  const { bigint } = (value ?? {}) as { bigint?: unknown };
  return typeof bigint === 'string' ? BigInt(bigint) : value;
}
