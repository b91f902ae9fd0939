// SPDX-License-Identifier: Apache-2.0
/** The data of a hook's values, form by form, as the kernel side writes it: for tests. */
import {
  ValueBpf,
  ValueCred,
  ValueModule,
  ValuePath,
  ValuePerfEvent,
  ValueRest,
  ValueSize,
  ValueSock,
  ValueSockaddr,
  ValueSockOwner,
  ValueUserNamespace,
} from './gen/layouts.ts';

type Layout = Readonly<Record<string, number>> & { readonly sizeof: number };

/** By the member's width: u8 and u16 are marked, a number has 4 bytes, a bigint 8, bytes and text stand as they are. */
type Member = number | bigint | string | Uint8Array | { readonly u16: number } | { readonly u8: number };

function structOf(layout: Layout, members: Readonly<Record<string, Member>>): Uint8Array {
  const data = new Uint8Array(layout.sizeof);
  const view = new DataView(data.buffer);
  for (const [name, value] of Object.entries(members)) {
    const offset = layout[name];
    if (offset === undefined) throw new Error(`The layout has no member "${name}"`);
    if (typeof value === 'number') view.setInt32(offset, value | 0, true);
    else if (typeof value === 'bigint') view.setBigUint64(offset, BigInt.asUintN(64, value), true);
    else if (typeof value === 'string') data.set(Buffer.from(value), offset);
    else if (value instanceof Uint8Array) data.set(value, offset);
    else if ('u16' in value) view.setUint16(offset, value.u16, true);
    else view.setUint8(offset, value.u8);
  }
  return data;
}

/** The bytes of an IPv4 or IPv6 address, as they stand in a packet. */
export function addressBytes(address: string): Uint8Array {
  if (address.includes('.')) return Uint8Array.from(address.split('.').map(Number));
  const groups = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((group) => parseInt(group, 16));
  const [head = '', tail = ''] = address.split('::');
  const [first, last] = [groups(head), groups(tail)];
  const zeros = new Array<number>(8 - first.length - last.length).fill(0);
  return Uint8Array.from([...first, ...zeros, ...last].flatMap((group) => [group >> 8, group & 0xff]));
}

const SOCK = {
  ...{ source: '127.0.0.1', destination: '127.0.0.1', sourcePort: 0, destinationPort: 0 },
  ...{ family: 2, type: 1, protocol: 6, state: 1, cookie: 0n, mark: 0, priority: 0 },
  /** of a packet */
  ...{ length: 0, hash: 0, secpathLength: 0, secpathOlen: 0 },
};

const CRED = {
  ...{ uid: 0, gid: 0, euid: 0, egid: 0, suid: 0, sgid: 0, fsuid: 0, fsgid: 0, securebits: 0 },
  ...{ capPermitted: 0n, capEffective: 0n, capInheritable: 0n },
  ...{ userNsLevel: 0, userNsOwnerUid: 0, userNsOwnerGid: 0, userNs: 0 },
};

/** Makes the data of one value. */
export const valueData = {
  number: (value: number | bigint): Uint8Array => structOf({ sizeof: 8, value: 0 }, { value: BigInt(value) }),

  /** a string's or buffer's bytes */
  bytes: (value: string | Uint8Array): Uint8Array => Buffer.from(value),

  path: (
    path: string | Uint8Array,
    { mode = 0o100644, flags = 0, fd = -1, dev = (8 << 20) | 1, inode = 42n } = {},
  ): Uint8Array =>
    Buffer.concat([structOf(ValuePath, { flags, mode: { u16: mode }, fd, dev, inode }), Buffer.from(path)]),

  sock: (changes: Partial<typeof SOCK> = {}): Uint8Array => {
    const { source, destination, sourcePort, destinationPort, family, type, protocol, state, ...rest } = {
      ...SOCK,
      ...changes,
    };
    return structOf(ValueSock, {
      sourceAddress: addressBytes(source),
      destinationAddress: addressBytes(destination),
      sourcePort: { u16: sourcePort },
      destinationPort: { u16: destinationPort },
      family: { u16: family },
      type: { u16: type },
      protocol: { u16: protocol },
      state: { u8: state },
      ...rest,
    });
  },

  sockaddr: (family: number, address: string, port: number): Uint8Array => {
    const fixed = { family: { u16: family }, port: { u16: port } };
    return structOf(ValueSockaddr, {
      ...fixed,
      ...(address !== '' && { address: addressBytes(address) }),
    });
  },

  sockaddrUn: (path: string | Uint8Array): Uint8Array => Buffer.concat([Buffer.of(1, 0), Buffer.from(path)]),

  cred: (changes: Partial<typeof CRED> = {}): Uint8Array => {
    const { userNs, ...creds } = { ...CRED, ...changes };
    const renamed = Object.entries(creds).map(([name, value]) => [
      `creds${name.slice(0, 1).toUpperCase()}${name.slice(1)}`,
      value,
    ]);
    return structOf(ValueCred, { ...(Object.fromEntries(renamed) as Record<string, Member>), userNs });
  },

  userNamespace: (level: number, uid: number, gid: number, inum: number): Uint8Array =>
    structOf(ValueUserNamespace, { level, uid, gid, inum }),

  bpf: (
    fields: Partial<
      Record<'type' | 'instructions' | 'keySize' | 'valueSize' | 'maxEntries' | 'id', number>
    > & {
      name?: string;
    },
  ): Uint8Array => structOf(ValueBpf, fields),

  perfEvent: (type: number, config: bigint, probeOffset = 0n, functionName = ''): Uint8Array =>
    structOf(ValuePerfEvent, { type, config, probeOffset, function: functionName }),

  module: (name: string, signatureOk = 2, taints = 0n): Uint8Array =>
    structOf(ValueModule, { name, signatureOk, taints }),

  sockOwner: (tgid: number, imageTime: bigint, entry: number): Uint8Array =>
    structOf(ValueSockOwner, { ownerTgid: tgid, ownerImageTime: imageTime, entry }),

  rest: (entry: number, bytes: string | Uint8Array): Uint8Array =>
    Buffer.concat([structOf(ValueRest, { entry }), Buffer.from(bytes)]),

  size: (size: bigint, entry: number): Uint8Array => structOf(ValueSize, { size, entry }),

  /** return addresses */
  stack: (...addresses: bigint[]): Uint8Array => new Uint8Array(BigUint64Array.from(addresses).buffer),

  imaHash: (algorithm: number, digest: Uint8Array): Uint8Array =>
    Buffer.concat([Buffer.of(algorithm, 0, 0, 0), digest]),
};
