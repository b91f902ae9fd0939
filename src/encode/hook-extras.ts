// SPDX-License-Identifier: Apache-2.0
/** Fields that only one kind of hook has. */
import { ValueEntry, ValueFlag, ValuePath } from '../events/gen/layouts.ts';
import type { HookRecord } from '../events/hook-record.ts';
import type { ChunkWriter } from './chunk-writer.ts';
import type { PreparedValue, Shortfall } from './value-json.ts';

const ALGORITHM_BYTES = 4;
/** enum hash_algo (include/uapi/linux/hash_info.h); the names are Tetragon's, and the kernel's own where it has none. */
const ALGORITHMS = [
  ...['md4', 'md5', 'sha1', 'rmd160', 'sha256', 'sha384', 'sha512', 'sha224', 'rmd128', 'rmd256', 'rmd320'],
  ...['wp256', 'wp384', 'wp512', 'tgr128', 'tgr160', 'tgr192', 'sm3', 'streebog256', 'streebog512'],
  ...['sha3-256', 'sha3-384', 'sha3-512'],
];

/** `,"ima_hash":"sha256:…"`; nothing when the kernel had no hash, which `merlon.unreadable` then says. */
export function appendImaHash(out: ChunkWriter, record: HookRecord, { unreadable }: Shortfall): void {
  const place = record.find(ValueEntry.VALUE_IMA_HASH);
  if (place >= 0 && (record.flagsOf(place) & ValueFlag.VALUE_UNREADABLE) !== 0) unreadable.push('ima_hash');
  if (place < 0 || record.lengthOf(place) <= ALGORITHM_BYTES) return;
  const start = record.dataOf(place);
  const algorithm = ALGORITHMS[record.view.getUint32(start, true)];
  if (algorithm === undefined) return;
  out.appendAscii(`,"ima_hash":"${algorithm}:`);
  out.appendHex(record.bytes, start + ALGORITHM_BYTES, start + record.lengthOf(place));
  out.appendAscii('"');
}

/** The build id of a file by its path and inode; empty when it is not known. */
export type BuildIdFinder = (path: string, inode: bigint) => Uint8Array;

/**
 * `,"path":…,"buildid":…` of process_loader, from its values: a path (or string), and bytes; a build id that the record does
 * not have is looked for in the file.
 */
export function appendLoaderFields(
  out: ChunkWriter,
  record: HookRecord,
  [path, buildId]: readonly PreparedValue[],
  { truncated }: Shortfall,
  findBuildId: BuildIdFinder,
): void {
  const pathPlace = path === undefined ? -1 : record.find(path.entry);
  if (path !== undefined && pathPlace >= 0) {
    const skipped = path.leastBytes === ValuePath.sizeof ? ValuePath.sizeof : 0;
    const start = record.dataOf(pathPlace);
    const end = start + record.lengthOf(pathPlace);
    if ((record.flagsOf(pathPlace) & ValueFlag.VALUE_TRUNCATED) !== 0) truncated.push('path');
    if (start + skipped < end) {
      out.appendAscii(',"path":"');
      out.appendJson(record.bytes, start + skipped, end);
      out.appendAscii('"');
    }
  }
  if (buildId !== undefined) {
    const place = record.find(buildId.entry);
    if (place < 0) return;
    const start = record.dataOf(place);
    appendBuildId(out, record.bytes.subarray(start, start + record.lengthOf(place)));
  } else if (path?.leastBytes === ValuePath.sizeof && pathPlace >= 0) {
    const start = record.dataOf(pathPlace);
    const end = start + record.lengthOf(pathPlace);
    if (end < start + ValuePath.sizeof) return;
    const file = Buffer.from(record.bytes.subarray(start + ValuePath.sizeof, end)).toString();
    appendBuildId(out, findBuildId(file, record.view.getBigUint64(start + ValuePath.inode, true)));
  }
}

/** Nothing for an empty one. */
function appendBuildId(out: ChunkWriter, id: Uint8Array): void {
  if (id.length === 0) return;
  out.appendAscii(',"buildid":"');
  out.appendBase64(id, 0, id.length);
  out.appendAscii('"');
}
