// SPDX-License-Identifier: Apache-2.0
import type { OpenApi } from './openapi.ts';
import { flag, object, oneOf, position, text } from './openapi.ts';

const TYPES = [
  ...['auto', 'int', 'sint8', 'int8', 'uint8', 'sint16', 'int16', 'uint16', 'uint32', 'sint32', 'int32'],
  ...['ulong', 'uint64', 'size_t', 'long', 'sint64', 'int64', 'char_buf', 'char_iovec', 'skb', 'sock'],
  ...['sockaddr', 'socket', 'sockaddr_un', 'string', 'fd', 'file', 'filename', 'path', 'nop', 'bpf_attr'],
  ...['perf_event', 'bpf_map', 'user_namespace', 'capability', 'kiocb', 'iov_iter', 'cred', 'const_buf'],
  ...['load_info', 'module', 'syscall64', 'kernel_cap_t', 'cap_inheritable', 'cap_permitted'],
  ...['cap_effective', 'linux_binprm', 'data_loc', 'net_device', 'bpf_cmd', 'dentry', 'bpf_prog'],
];

/** A value that a hook reads: an argument, an item of `data`, or what the function returns. */
export function argument(description: string): OpenApi {
  return object(description, {
    'index!': position('Position from 0: of the argument in the function, of the field in the tracepoint.'),
    'type!': oneOf('How the value is read and shown.', TYPES, { default: 'auto' }),
    resolve: text('Path from the value through members of structs, such as "mm.owner.comm".', {
      default: '',
    }),
    btfType: text('Struct to take the value for before "resolve" is followed.'),
    btfTypeModule: text('Kernel module whose BTF has "btfType".'),
    source: text('Where an item of "data" is read from: current_task or pt_regs.'),
    sizeArgIndex: position('Position from 1 of the argument that holds the size of this buffer.'),
    returnCopy: flag('Read the buffer when the function returns.', { default: false }),
    maxData: flag('Read a char_buf beyond 4096 bytes.', { default: false }),
    label: text('Name of the value in the event.'),
  });
}
