// SPDX-License-Identifier: Apache-2.0
/** A map's contents and shape. Keys and values back to back. */
export interface Table {
  readonly type: 'hash' | 'array' | 'lpm_trie';
  readonly keyBytes: number;
  readonly valueBytes: number;
  readonly keys: Uint8Array;
  readonly values: Uint8Array;
  readonly entries: number;
}

/** Rows as one table, back to back. */
export function makeTable(
  type: Table['type'],
  keyBytes: number,
  rows: readonly { key: Uint8Array; value: Uint8Array }[],
  valueBytes: number,
): Table {
  const keys = new Uint8Array(rows.length * keyBytes);
  const values = new Uint8Array(rows.length * valueBytes);
  rows.forEach(({ key, value }, row) => {
    keys.set(key, row * keyBytes);
    values.set(value, row * valueBytes);
  });
  return { type, keyBytes, valueBytes, keys, values, entries: rows.length };
}

/** An array's rows, by index from 0. */
export function makeArray(rows: readonly Uint8Array[], valueBytes: number): Table {
  return makeTable(
    'array',
    4,
    rows.map((value, index) => ({ key: u32(index), value })),
    valueBytes,
  );
}

/** A number as the kernel side reads it. */
export function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

/** Of a negative number: its two's complement. */
export function u64(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, value), true);
  return bytes;
}
