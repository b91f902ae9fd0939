// SPDX-License-Identifier: Apache-2.0
/** Names of numbers in filters, as the kernel's headers have them. */
import { CAPABILITY_NAMES } from '../base/capability-names.ts';

type Numbers = ReadonlyMap<string, number>;

function byName(numbers: Record<string, number>): Numbers {
  return new Map(Object.entries(numbers));
}

/** From 0 on, in order. */
function inOrder(prefix: string, names: string): [string, number][] {
  return names.split(' ').map((name, number) => [`${prefix}${name}`, number]);
}

/** include/linux/socket.h; UNIX is also called LOCAL, NETLINK also ROUTE. */
export const ADDRESS_FAMILIES: Numbers = new Map([
  ...inOrder(
    'AF_',
    'UNSPEC UNIX INET AX25 IPX APPLETALK NETROM BRIDGE ATMPVC X25 INET6 ROSE DECnet NETBEUI SECURITY KEY NETLINK ' +
      'PACKET ASH ECONET ATMSVC RDS SNA IRDA PPPOX WANPIPE LLC IB MPLS CAN TIPC BLUETOOTH IUCV RXRPC ISDN PHONET ' +
      'IEEE802154 CAIF ALG NFC VSOCK KCM QIPCRTR SMC XDP MCTP',
  ),
  ['AF_LOCAL', 1],
  ['AF_ROUTE', 16],
]);

/** include/uapi/linux/in.h and in6.h */
export const PROTOCOLS: Numbers = byName({
  ...{ IPPROTO_IP: 0, IPPROTO_ICMP: 1, IPPROTO_IGMP: 2, IPPROTO_IPIP: 4, IPPROTO_TCP: 6, IPPROTO_EGP: 8 },
  ...{
    IPPROTO_PUP: 12,
    IPPROTO_UDP: 17,
    IPPROTO_IDP: 22,
    IPPROTO_TP: 29,
    IPPROTO_DCCP: 33,
    IPPROTO_IPV6: 41,
  },
  ...{ IPPROTO_ROUTING: 43, IPPROTO_FRAGMENT: 44, IPPROTO_RSVP: 46, IPPROTO_GRE: 47, IPPROTO_ESP: 50 },
  ...{ IPPROTO_AH: 51, IPPROTO_ICMPV6: 58, IPPROTO_NONE: 59, IPPROTO_DSTOPTS: 60, IPPROTO_MTP: 92 },
  ...{ IPPROTO_BEETPH: 94, IPPROTO_ENCAP: 98, IPPROTO_PIM: 103, IPPROTO_COMP: 108, IPPROTO_L2TP: 115 },
  ...{ IPPROTO_SCTP: 132, IPPROTO_MH: 135, IPPROTO_UDPLITE: 136, IPPROTO_MPLS: 137, IPPROTO_ETHERNET: 143 },
  ...{ IPPROTO_RAW: 255, IPPROTO_SMC: 256, IPPROTO_MPTCP: 262 },
});

/** include/net/tcp_states.h */
export const SOCKET_STATES: Numbers = byName({
  ...{ TCP_ESTABLISHED: 1, TCP_SYN_SENT: 2, TCP_SYN_RECV: 3, TCP_FIN_WAIT1: 4, TCP_FIN_WAIT2: 5 },
  ...{ TCP_TIME_WAIT: 6, TCP_CLOSE: 7, TCP_CLOSE_WAIT: 8, TCP_LAST_ACK: 9, TCP_LISTEN: 10, TCP_CLOSING: 11 },
  ...{ TCP_NEW_SYN_RECV: 12, TCP_BOUND_INACTIVE: 13 },
});

/** S_IFMT >> 12 of include/uapi/linux/stat.h */
export const FILE_TYPES: Numbers = byName({
  ...{ fifo: 1, pipe: 1, chr: 2, char: 2, dir: 4, blk: 6, block: 6, reg: 8, regular: 8, lnk: 10, link: 10 },
  ...{ sock: 12, socket: 12 },
});

/** Tetragon's name for number 1 lacks the prefix; both are taken. */
export const CAPABILITIES: Numbers = new Map([
  ...CAPABILITY_NAMES.map((name, number) => [name, number] as const),
  ['DAC_OVERRIDE', 1],
]);
