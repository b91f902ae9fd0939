// SPDX-License-Identifier: Apache-2.0
import type { Feature, Section } from './feature.ts';
import { typesTable } from './tables.ts';

const types = (...names: string[]): string[] => names.map((name) => `argument.type=${name}`);

function type(names: string[], text: string, examples: string[], tetragon?: string): Feature {
  return {
    title: names.join(', '),
    covers: types(...names),
    text,
    examples,
    ...(tetragon !== undefined && { tetragon }),
  };
}

/** How values are found: everything of an argument but its type. */
export const ARGUMENTS: Section = {
  title: 'Arguments and data',
  intro:
    '`args` are arguments of the hook, by `index` from 0; `data` are other values, of the task or registers; `returnArg` is the ' +
    'returned value. What is listed is shown in the event, in this order, and can be compared. An index may be listed several times, ' +
    'with different types or paths.',
  parts: ['argument'],
  features: [
    {
      title: 'resolve',
      covers: ['argument.resolve'],
      text:
        'A path from the value through members of structs, joined by dots; pointers are followed, `[N]` picks from arrays and ' +
        'from what a pointer points to. The kernel’s types give the offsets when the policy is loaded, so one policy suits many ' +
        'kernels.',
      examples: ['argument-resolve'],
      tetragon: 'follows at most ten members.',
    },
    {
      title: 'source',
      covers: ['argument.source'],
      text:
        'For `data`: `current_task`, from `struct task_struct` by `resolve`, or, in uprobes and USDT probes, `pt_regs`, where ' +
        '`resolve` names a register.',
      examples: ['selector-data', 'hook-uprobe-registers'],
    },
    {
      title: 'btfType',
      covers: ['argument.btfType'],
      text: 'The struct that the value is taken for before `resolve` is followed, where the declared type says less.',
      examples: ['argument-btf-type'],
    },
    {
      title: 'btfTypeModule',
      covers: ['argument.btfTypeModule'],
      text: 'The module whose types have `btfType`.',
      examples: ['argument-btf-module'],
    },
    {
      title: 'label',
      covers: ['argument.label'],
      text: 'A name that stands beside the value in the event.',
      examples: ['hook-tracepoint'],
    },
    {
      title: 'sizeArgIndex, returnCopy',
      covers: ['argument.sizeArgIndex', 'argument.returnCopy'],
      text:
        'A buffer has as many bytes as another argument says; `sizeArgIndex` is its position counted **from 1**. With ' +
        '`returnCopy` the buffer is read when the function returns, as read(2) needs it.',
      examples: ['type-char-buf', 'type-char-buf-return'],
    },
    {
      title: 'maxData',
      covers: ['argument.maxData'],
      text: 'More than 4,096 bytes of a `char_buf`.',
      examples: ['type-char-buf-max'],
    },
  ],
};

/** Types of values. */
export const TYPES: Section = {
  title: 'Types of values',
  intro: 'The type says how a value is read, how the event shows it and what it can be compared with.',
  parts: [],
  tables: [typesTable],
  features: [
    type(
      ['auto'],
      'The type that the kernel declares. Functions do not have it for `args`, nor what is returned; programs not at all.',
      ['type-auto'],
    ),
    type(
      ['sint8', 'int8', 'uint8', 'sint16', 'int16', 'uint16'],
      'Numbers of 8 and 16 bits. The rest of the register is not looked at.',
      ['type-integer-small'],
    ),
    type(['int', 'sint32', 'int32', 'uint32'], 'Numbers of 32 bits.', ['type-integer-32']),
    type(
      ['long', 'sint64', 'int64', 'ulong', 'uint64', 'size_t'],
      'Numbers of 64 bits, as strings in the event, since JSON’s numbers are not exact. A pointer can be shown as one.',
      ['type-integer-64'],
    ),
    type(
      ['string'],
      'A text of the kernel or of user space, up to 4,095 bytes; what is cut is named in `merlon.truncated`.',
      ['type-string'],
    ),
    type(
      ['char_buf'],
      'Bytes, in base64. They need `sizeArgIndex`, unless the type of the argument tells their size.',
      ['type-char-buf', 'type-char-buf-return', 'type-char-buf-max'],
    ),
    type(['char_iovec'], 'The bytes of an array of `struct iovec`; `sizeArgIndex` names its length.', [
      'type-char-iovec',
    ]),
    type(
      ['const_buf'],
      'A field of a tracepoint that is an array. The type comes from the format; `auto` finds it.',
      ['type-const-buf', 'type-const-buf-named'],
    ),
    type(['data_loc'], 'A text of a tracepoint that stands behind its record (`__data_loc` in the format).', [
      'type-data-loc',
    ]),
    type(['filename'], '`struct filename`, the kernel’s copy of a name.', ['hook-kprobe']),
    type(['fd'], 'A descriptor of the calling process: the path of its file.', ['type-fd']),
    type(['file'], '`struct file`: the whole path and the permissions.', ['type-file']),
    type(['path'], '`struct path`: the whole path, across mounts.', ['type-path']),
    type(['dentry'], '`struct dentry`: the path inside its filesystem.', ['type-dentry']),
    type(['kiocb'], '`struct kiocb`: the file of a read or write.', ['type-kiocb']),
    type(['iov_iter'], '`struct iov_iter`: the bytes of a read or write inside the kernel.', [
      'type-iov-iter',
    ]),
    type(['linux_binprm'], '`struct linux_binprm`: the file of an execve.', ['hook-raw-tracepoint']),
    type(['skb'], '`struct sk_buff`: addresses, ports, protocol and length of a packet.', ['type-skb']),
    type(['sock'], '`struct sock`: family, protocol, state, addresses, ports and cookie of a socket.', [
      'type-sock',
    ]),
    type(['socket'], '`struct socket`: as its `sock`.', ['type-socket']),
    type(['sockaddr'], '`struct sockaddr`: family, address and port.', ['type-sockaddr']),
    type(['sockaddr_un'], '`struct sockaddr_un`: a path, or an abstract name after `@`.', [
      'type-sockaddr-un',
    ]),
    type(['net_device'], '`struct net_device`: its name.', ['type-net-device']),
    type(['cred'], '`struct cred`: users, groups, capabilities, user namespace.', ['type-cred']),
    type(['capability'], 'The number of a capability.', ['hook-fentry']),
    type(
      ['cap_inheritable', 'cap_permitted', 'cap_effective'],
      'One set of capabilities of a `struct cred`.',
      ['type-capability-sets'],
    ),
    type(['kernel_cap_t'], 'A set of capabilities.', ['type-kernel-cap']),
    type(['user_namespace'], '`struct user_namespace`: level, owner, inode.', ['hook-fentry']),
    type(['bpf_cmd', 'bpf_attr'], 'Command and parameters of bpf(2).', ['type-bpf-attr']),
    type(['bpf_prog'], '`struct bpf_prog`: type, name, instructions.', ['type-bpf-prog']),
    type(['bpf_map'], '`struct bpf_map`: type, name, sizes.', ['type-bpf-map']),
    type(['perf_event'], '`struct perf_event`: type, configuration, function of a kprobe.', [
      'type-perf-event',
    ]),
    type(['module'], '`struct module`: its name.', ['type-module']),
    type(['load_info'], '`struct load_info`: a module that is being loaded.', ['type-load-info']),
    type(['syscall64'], 'The number of a system call, with its ABI; only in tracepoints.', [
      'type-syscall64',
    ]),
    type(['nop'], 'Neither read nor shown.', ['type-nop']),
  ],
};
