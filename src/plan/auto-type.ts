// SPDX-License-Identifier: Apache-2.0
import type { ArgumentType } from '../policy/model.ts';

/** Types of the kernel that a policy's type `auto` stands for. */
const POINTERS: Readonly<Record<string, ArgumentType>> = {
  'struct file': 'file',
  'struct path': 'path',
  'struct dentry': 'dentry',
  'struct kiocb': 'kiocb',
  'struct iov_iter': 'iov_iter',
  'struct linux_binprm': 'linux_binprm',
  'struct filename': 'filename',
  'struct sock': 'sock',
  'struct socket': 'socket',
  'struct sk_buff': 'skb',
  'struct sockaddr': 'sockaddr',
  'struct cred': 'cred',
  'struct user_namespace': 'user_namespace',
  'struct bpf_map': 'bpf_map',
  'struct bpf_prog': 'bpf_prog',
  'union bpf_attr': 'bpf_attr',
  'struct perf_event': 'perf_event',
  'struct module': 'module',
  'struct load_info': 'load_info',
  'struct net_device': 'net_device',
  kernel_cap_t: 'kernel_cap_t',
  char: 'string',
};

const UNSIGNED =
  /\b(unsigned|u8|u16|u32|u64|__u\d+|uint\d*(_t)?|size_t|bool|_Bool|uid_t|gid_t|umode_t|dev_t)\b/;

/** The type that the kernel's own declares; undefined when it is none that a policy can show. */
export function autoType(typeName: string, kind: string, size: number): ArgumentType | undefined {
  const bare = typeName.replace(/\b(const|volatile)\b ?/g, '').trim();
  const pointee = /^(.*?) ?\*$/.exec(bare)?.[1];
  if (pointee !== undefined) return POINTERS[pointee] ?? 'uint64';
  if (kind === 'struct' || kind === 'union') return POINTERS[bare];
  if (kind === 'array') return bare.startsWith('char') ? 'string' : undefined;
  return numberType(size, !UNSIGNED.test(bare) && kind !== 'enum');
}

export function numberType(size: number, signed: boolean): ArgumentType | undefined {
  switch (size) {
    case 1:
      return signed ? 'int8' : 'uint8';
    case 2:
      return signed ? 'int16' : 'uint16';
    case 4:
      return signed ? 'int' : 'uint32';
    case 8:
      return signed ? 'long' : 'uint64';
    default:
      return undefined;
  }
}

/** `struct file *` → file; undefined when it is no pointer to a struct or union, nor one itself. */
export function structOf(typeName: string): string | undefined {
  return /^(?:const |volatile )*(?:struct|union) (\w+)(?: const)?(?: ?\*)?$/.exec(typeName)?.[1];
}
