// SPDX-License-Identifier: Apache-2.0
/**
 * Names of what a socket is. Sources: include/linux/socket.h, include/linux/net.h, include/uapi/linux/in.h,
 * include/net/tcp_states.h. A few numbers have names there that Tetragon's events do not use; they show as digits here too.
 */
import { NameTable } from './name-table.ts';

export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;

/** By number, from 0; 22 (SNA) is not used. */
const FAMILIES = [
  ...['UNSPEC', 'UNIX', 'INET', 'AX25', 'IPX', 'APPLETALK', 'NETROM', 'BRIDGE', 'ATMPVC', 'X25', 'INET6'],
  ...['ROSE', 'DECnet', 'NETBEUI', 'SECURITY', 'KEY', 'NETLINK', 'PACKET', 'ASH', 'ECONET', 'ATMSVC', 'RDS'],
  ...[undefined, 'IRDA', 'PPPOX', 'WANPIPE', 'LLC', 'IB', 'MPLS', 'CAN', 'TIPC', 'BLUETOOTH', 'IUCV'],
  ...['RXRPC', 'ISDN', 'PHONET', 'IEEE802154', 'CAIF', 'ALG', 'NFC', 'VSOCK', 'KCM', 'QIPCRTR', 'SMC', 'XDP'],
  'MCTP',
];
const TYPES = [undefined, 'STREAM', 'DGRAM', 'RAW', 'RDM', 'SEQPACKET', 'DCCP'];
const PROTOCOLS: Readonly<Record<number, string>> = {
  ...{
    0: 'IP',
    1: 'ICMP',
    2: 'IGMP',
    4: 'IPIP',
    6: 'TCP',
    8: 'EGP',
    12: 'PUP',
    17: 'UDP',
    22: 'IDP',
    29: 'TP',
  },
  ...{ 33: 'DCCP', 41: 'IPV6', 46: 'RSVP', 47: 'GRE', 50: 'ESP', 51: 'AH', 92: 'MTP', 94: 'BEETPH' },
  ...{ 98: 'ENCAP', 103: 'PIM', 108: 'COMP', 132: 'SCTP', 136: 'UDPLITE', 137: 'MPLS', 143: 'ETHERNET' },
  ...{ 255: 'RAW', 262: 'MPTCP' },
};
const STATES = [
  ...[undefined, 'ESTABLISHED', 'SYN_SENT', 'SYN_RECV', 'FIN_WAIT1', 'FIN_WAIT2', 'TIME_WAIT', 'CLOSE'],
  ...['CLOSE_WAIT', 'LAST_ACK', 'LISTEN', 'CLOSING', 'NEW_SYN_RECV'],
];

export const familyName = new NameTable('family', 'AF_', FAMILIES);
export const socketTypeName = new NameTable('type', 'SOCK_', TYPES);
export const protocolName = new NameTable('protocol', 'IPPROTO_', PROTOCOLS);
export const stateName = new NameTable('state', 'TCP_', STATES);
