// SPDX-License-Identifier: Apache-2.0
import { isIP } from 'node:net';
import type { Cursor } from './cursor.ts';
import type { Operand } from './model.ts';
import type { ValueScope } from './value-scope.ts';

export interface Network {
  /** 4 or 16 bytes in network order; bits behind the prefix are 0 */
  readonly address: Uint8Array;
  readonly prefixLength: number;
}

/** Addresses and networks, of IPv4 and IPv6. */
export function addressOperand(
  side: 'source' | 'destination',
  values: readonly Cursor[],
  scope: ValueScope,
): Operand {
  const networks = values.flatMap((value) => {
    const network = parseNetwork(value.text);
    if (network === undefined)
      scope.refuse(value, 'an IP address or ADDRESS/PREFIX, such as 10.0.0.0/8 or fd00::/8');
    return network === undefined ? [] : [network];
  });
  return { op: 'addresses', side, networks };
}

/** `10.1.2.3`, `10.0.0.0/8`, `::1`, `fd00::/8`; undefined for other texts. */
export function parseNetwork(text: string): Network | undefined {
  const [host = '', length, ...rest] = text.split('/');
  const version = host.includes('%') ? 0 : isIP(host);
  if (version === 0 || rest.length > 0) return undefined;
  const address = version === 4 ? ipv4Bytes(host) : ipv6Bytes(host);
  const bits = address.length * 8;
  if (length !== undefined && !/^(0|[1-9]\d{0,2})$/.test(length)) return undefined;
  const prefixLength = length === undefined ? bits : Number(length);
  return prefixLength > bits ? undefined : { address: masked(address, prefixLength), prefixLength };
}

function ipv4Bytes(host: string): Uint8Array {
  return Uint8Array.from(host.split('.'), Number);
}

function ipv6Bytes(host: string): Uint8Array {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(host);
  const [head = '', tail] = (dotted?.[1] === undefined ? host : dotted[1].replace(/(?<!:):$/, '')).split(
    '::',
  );
  const last = dotted?.[2] === undefined ? [] : [...ipv4Bytes(dotted[2])];
  const before = groups(head);
  const after = [...groups(tail ?? ''), ...last];
  return Uint8Array.from([
    ...before,
    ...new Array<number>(16 - before.length - after.length).fill(0),
    ...after,
  ]);
}

/** `fd00:1` as its bytes. */
function groups(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}

function masked(address: Uint8Array, prefixLength: number): Uint8Array {
  return address.map((byte, index) => {
    const kept = Math.min(8, Math.max(0, prefixLength - index * 8));
    return byte & (0xff << (8 - kept));
  });
}
