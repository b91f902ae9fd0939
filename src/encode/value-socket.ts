// SPDX-License-Identifier: Apache-2.0
/** Sockets, packets and addresses of a hook as members of a KprobeArgument. */
import { ValueSock, ValueSockaddr } from '../events/gen/layouts.ts';
import { addressText } from './address-text.ts';
import type { ChunkWriter } from './chunk-writer.ts';
import {
  appendBytes,
  appendLongNumber,
  appendName,
  appendNumber,
  appendPlain,
  keyOf,
} from './json-members.ts';
import { familyName, protocolName, socketTypeName, stateName } from './socket-names.ts';
import type { WriteValue } from './value-json.ts';

const OPEN_SOCK = Buffer.from('"sock_arg":{');
const OPEN_SKB = Buffer.from('"skb_arg":{');
const OPEN_SOCKADDR = Buffer.from('"sockaddr_arg":{');
const OPEN_SOCKADDR_UN = Buffer.from('"sockaddrun_arg":{');
const CLOSE = Buffer.from('}');
const MARK = keyOf('mark');
const PRIORITY = keyOf('priority');
const SOURCE_ADDRESS = keyOf('saddr');
const DESTINATION_ADDRESS = keyOf('daddr');
const SOURCE_PORT = keyOf('sport');
const DESTINATION_PORT = keyOf('dport');
const COOKIE = keyOf('cookie');
const HASH = keyOf('hash');
const LENGTH = keyOf('len');
const PROTOCOL_NUMBER = keyOf('proto');
const SECPATH_LENGTH = keyOf('sec_path_len');
const SECPATH_OLEN = keyOf('sec_path_olen');
const ADDRESS = keyOf('addr');
const PORT = keyOf('port');
const PATH = keyOf('path');

/** Data: struct value_sock. */
export const writeSock: WriteValue = (out, { view }, start) => {
  out.append(OPEN_SOCK);
  appendName(out, familyName, view.getUint16(start + ValueSock.family, true));
  appendName(out, socketTypeName, view.getUint16(start + ValueSock.type, true));
  appendName(out, protocolName, view.getUint16(start + ValueSock.protocol, true));
  appendNumber(out, MARK, view.getUint32(start + ValueSock.mark, true));
  appendNumber(out, PRIORITY, view.getUint32(start + ValueSock.priority, true));
  appendEnds(out, view, start);
  appendLongNumber(out, COOKIE, view, start + ValueSock.cookie);
  appendName(out, stateName, view.getUint8(start + ValueSock.state));
  out.append(CLOSE);
};

/** Data: struct value_sock. */
export const writeSkb: WriteValue = (out, { view }, start) => {
  const u32 = (field: number): number => view.getUint32(start + field, true);
  const protocol = view.getUint16(start + ValueSock.protocol, true);
  out.append(OPEN_SKB);
  appendNumber(out, HASH, u32(ValueSock.hash));
  appendNumber(out, LENGTH, u32(ValueSock.length));
  appendNumber(out, PRIORITY, u32(ValueSock.priority));
  appendNumber(out, MARK, u32(ValueSock.mark));
  appendEnds(out, view, start);
  appendNumber(out, PROTOCOL_NUMBER, protocol);
  appendNumber(out, SECPATH_LENGTH, u32(ValueSock.secpathLength));
  appendNumber(out, SECPATH_OLEN, u32(ValueSock.secpathOlen));
  appendName(out, protocolName, protocol);
  appendName(out, familyName, view.getUint16(start + ValueSock.family, true));
  out.append(CLOSE);
};

/** Addresses and ports; a family that has none shows none. */
function appendEnds(out: ChunkWriter, view: DataView, start: number): void {
  const family = view.getUint16(start + ValueSock.family, true);
  appendPlain(out, SOURCE_ADDRESS, addressText(view, start + ValueSock.sourceAddress, family));
  appendPlain(out, DESTINATION_ADDRESS, addressText(view, start + ValueSock.destinationAddress, family));
  appendNumber(out, SOURCE_PORT, view.getUint16(start + ValueSock.sourcePort, true));
  appendNumber(out, DESTINATION_PORT, view.getUint16(start + ValueSock.destinationPort, true));
}

/** Data: struct value_sockaddr. */
export const writeSockaddr: WriteValue = (out, { view }, start) => {
  const family = view.getUint16(start + ValueSockaddr.family, true);
  out.append(OPEN_SOCKADDR);
  appendName(out, familyName, family);
  appendPlain(out, ADDRESS, addressText(view, start + ValueSockaddr.address, family));
  appendNumber(out, PORT, view.getUint16(start + ValueSockaddr.port, true));
  out.append(CLOSE);
};

const FAMILY_BYTES = 2;
const AT = Buffer.from('@');

/** Data: the family, then sun_path as it stands there: a path up to its NUL, or a NUL and an abstract name. */
export const writeSockaddrUn: WriteValue = (out, { view, bytes }, start, length) => {
  out.append(OPEN_SOCKADDR_UN);
  appendName(out, familyName, view.getUint16(start, true));
  const path = bytes.subarray(start + FAMILY_BYTES, start + length);
  const name = path[0] === 0 ? abstractName(path) : upToNul(path);
  appendBytes(out, PATH, name, 0, name.length);
  out.append(CLOSE);
};

function upToNul(path: Uint8Array): Uint8Array {
  const nul = path.indexOf(0);
  return nul < 0 ? path : path.subarray(0, nul);
}

/** With @ in front and without the NULs in it, as Tetragon has it; an unnamed address is empty. */
function abstractName(path: Uint8Array): Uint8Array {
  const name = path.filter((byte) => byte !== 0);
  return name.length === 0 ? name : Buffer.concat([AT, name]);
}
