// SPDX-License-Identifier: Apache-2.0
/** Files and paths of a hook as members of a KprobeArgument. Data: struct value_path, then the path's bytes. */
import { ValueFlag, ValuePath } from '../events/gen/layouts.ts';
import type { WriteValue } from './value-json.ts';

const PATH = Buffer.from('"path":"');
const NEXT = Buffer.from('",');
/** Tetragon's word for a path that is not whole. */
const UNRESOLVED = Buffer.from('"flags":"unresolvedPathComponents",');
const PERMISSION = Buffer.from('"permission":"');
const END = Buffer.from('"}');

function pathWriter(key: string): WriteValue {
  const opening = Buffer.from(`"${key}":{`);
  return (out, record, start, length, flags) => {
    out.append(opening);
    if (length > ValuePath.sizeof) {
      out.append(PATH);
      out.appendJson(record.bytes, start + ValuePath.sizeof, start + length);
      out.append(NEXT);
    }
    if ((flags & ValueFlag.VALUE_TRUNCATED) !== 0) out.append(UNRESOLVED);
    out.append(PERMISSION);
    out.append(permissionBytes(record.view.getUint16(start + ValuePath.mode, true)));
    out.append(END);
  };
}

const file = pathWriter('file_arg');
const path = pathWriter('path_arg');
const binprm = pathWriter('linux_binprm_arg');

/** A struct path or dentry shows as path_arg, a linux_binprm by its own name, all that is a file as file_arg. */
export function writerOfPath(type: string): WriteValue {
  if (type === 'linux_binprm') return binprm;
  return type === 'path' || type === 'dentry' ? path : file;
}

/** By S_IFMT >> 12; a mode without a type has no letter. */
const TYPE_LETTERS = new Map([
  [0o1, 'p'],
  [0o2, 'c'],
  [0o4, 'd'],
  [0o6, 'b'],
  [0o10, '-'],
  [0o12, 'l'],
  [0o14, 's'],
]);

/** The mode as ls(1) shows it. */
export function permissionText(mode: number): string {
  const triple = (bits: number, special: boolean, letter: string): string => {
    const read = (bits & 4) === 0 ? '-' : 'r';
    const write = (bits & 2) === 0 ? '-' : 'w';
    const runs = (bits & 1) !== 0;
    if (!special) return `${read}${write}${runs ? 'x' : '-'}`;
    return `${read}${write}${runs ? letter : letter.toUpperCase()}`;
  };
  const owner = triple(mode >> 6, (mode & 0o4000) !== 0, 's');
  const group = triple(mode >> 3, (mode & 0o2000) !== 0, 's');
  const others = triple(mode, (mode & 0o1000) !== 0, 't');
  return `${TYPE_LETTERS.get(mode >> 12) ?? ''}${owner}${group}${others}`;
}

const permissions: (Uint8Array | undefined)[] = [];

function permissionBytes(mode: number): Uint8Array {
  return (permissions[mode] ??= Buffer.from(permissionText(mode)));
}
