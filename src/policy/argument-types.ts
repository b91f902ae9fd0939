// SPDX-License-Identifier: Apache-2.0
import type { ArgumentType } from './model.ts';

const ALIASES: Readonly<Record<string, ArgumentType>> = {
  sint8: 'int8',
  sint16: 'int16',
  sint32: 'int',
  int32: 'int',
  sint64: 'long',
  int64: 'long',
  ulong: 'uint64',
  size_t: 'uint64',
};

/** The one name of a type; the schema has checked that it is one. */
export function foldType(spelling: string): ArgumentType {
  return ALIASES[spelling] ?? (spelling as ArgumentType);
}

/** What filters can compare in a value of a type. */
export type ValueClass =
  | { readonly of: 'integer'; readonly bits: 8 | 16 | 32 | 64; readonly signed: boolean }
  | { readonly of: 'capability' | 'capabilities' | 'text' | 'bytes' | 'file' | 'unknown' | 'nothing' }
  | { readonly of: 'socket' | 'packet' | 'address' | 'unixAddress' };

function integer(bits: 8 | 16 | 32 | 64, signed: boolean): ValueClass {
  return { of: 'integer', bits, signed };
}

const CLASSES: Readonly<Record<ArgumentType, ValueClass>> = {
  auto: { of: 'unknown' },
  int8: integer(8, true),
  uint8: integer(8, false),
  int16: integer(16, true),
  uint16: integer(16, false),
  int: integer(32, true),
  uint32: integer(32, false),
  bpf_cmd: integer(32, true),
  long: integer(64, true),
  uint64: integer(64, false),
  syscall64: integer(64, true),
  capability: { of: 'capability' },
  kernel_cap_t: { of: 'capabilities' },
  cap_inheritable: { of: 'capabilities' },
  cap_permitted: { of: 'capabilities' },
  cap_effective: { of: 'capabilities' },
  string: { of: 'text' },
  char_buf: { of: 'bytes' },
  filename: { of: 'text' },
  fd: { of: 'text' },
  dentry: { of: 'text' },
  linux_binprm: { of: 'text' },
  data_loc: { of: 'text' },
  net_device: { of: 'text' },
  file: { of: 'file' },
  path: { of: 'file' },
  sock: { of: 'socket' },
  socket: { of: 'socket' },
  skb: { of: 'packet' },
  sockaddr: { of: 'address' },
  sockaddr_un: { of: 'unixAddress' },
  char_iovec: { of: 'nothing' },
  const_buf: { of: 'nothing' },
  kiocb: { of: 'nothing' },
  iov_iter: { of: 'nothing' },
  cred: { of: 'nothing' },
  user_namespace: { of: 'nothing' },
  bpf_attr: { of: 'nothing' },
  bpf_map: { of: 'nothing' },
  bpf_prog: { of: 'nothing' },
  perf_event: { of: 'nothing' },
  load_info: { of: 'nothing' },
  module: { of: 'nothing' },
  nop: { of: 'nothing' },
};

export function valueClass(type: ArgumentType): ValueClass {
  return CLASSES[type];
}
