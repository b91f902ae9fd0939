// SPDX-License-Identifier: Apache-2.0
import { isUtf8 } from 'node:buffer';
import type { ExecRecord } from '../events/record.ts';
import type { Image } from './process.ts';

/** An Image object with its numbers, beyond its strings. */
const IMAGE_BYTES = 900;

/** Makes an image of what the kernel, or /proc for a process that was there before, tells of an execve. */
export function imageOf(record: ExecRecord): Image {
  const argv = splitStrings(record.args);
  const env = splitStrings(record.env).map(decode);
  const image = {
    binary: decode(record.path),
    argv: argv.map(decode),
    argvBytes: isUtf8(record.args) ? undefined : Uint8Array.from(record.args),
    cwd: decode(record.cwd),
    script: decode(record.script),
    root: decode(record.root),
    cgroup: decode(record.cgroup),
    env,
    uid: record.credentials.uid,
    auid: record.auid,
    credentials: record.credentials,
    namespaces: record.namespaces,
    cgroupId: record.cgroupId,
    inode: record.inode,
    inodeLinks: record.inodeLinks,
    dev: record.dev,
    mountId: record.mountId,
    sessionId: record.sessionId,
    sid: record.sid,
    tty: record.tty,
    flags: record.flags,
  };
  const strings =
    record.path.length + record.cwd.length + record.script.length + record.root.length + record.cgroup.length;
  // A string with any character beyond Latin-1 takes two bytes each; the encoders keep a fragment of about this size too.
  const bytes =
    IMAGE_BYTES + 3 * (strings + record.args.length + record.env.length) + 48 * (argv.length + env.length);
  return { ...image, bytes };
}

/** Splits NUL-terminated strings; the last may lack its NUL when the block was cut. */
export function splitStrings(block: Uint8Array): Uint8Array[] {
  const strings: Uint8Array[] = [];
  let start = 0;
  while (start < block.length) {
    const nul = block.indexOf(0, start);
    const end = nul === -1 ? block.length : nul;
    strings.push(block.subarray(start, end));
    start = end + 1;
  }
  return strings;
}

/** UTF-8, with U+FFFD for each sequence that is none. */
function decode(bytes: Uint8Array): string {
  return bytes.length === 0 ? '' : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
}
