// SPDX-License-Identifier: Apache-2.0
/** Arguments that are sockets, packets and addresses, and what is asked of them. */
import assert from 'node:assert/strict';
import { type PolicyCase, type Stage } from './case.ts';
import { HELD, HELD_FILE, taskCase } from './files.ts';

const [TCP, UDP, TCP6] = ['socket 2 1 6', 'socket 2 2 17', 'socket 10 1 6'];
const HOLD = `dup3 $0 ${HELD} 0`;
const steps = (...calls: string[]): string => [...calls, HOLD, ''].join(' ; ');
const bound = (port: number, address = '127.77.0.1'): string =>
  steps(TCP, `bind $0 in:${address}:${port} 16`);
const bound6 = (address: string): string => steps(TCP6, `bind $0 in6:[${address}]:0 28`);
const connected = (port: number, address = '127.77.0.2'): string =>
  steps(UDP, `connect $0 in:${address}:${port} 16`);
const LISTENING = steps(TCP, 'bind $0 in:127.77.0.1:0 16', 'listen $0 1');

type Fields = Record<string, unknown>;

/** An operator on sockets: values, what it takes and what not; fields of the socket that is taken. */
const OPERATORS: readonly [
  row: string,
  operator: string,
  values: string,
  taken: string,
  other: string,
  fields: Fields,
][] = [
  [
    'OP-10',
    'SAddr',
    '"127.77.0.0/30"',
    bound(0, '127.77.0.3'),
    bound(0, '127.77.0.4'),
    { saddr: '127.77.0.3' },
  ],
  ['OP-10', 'SAddr', '"10.0.0.1", "::1"', bound6('::1'), bound6('::'), { saddr: '::1', family: 'AF_INET6' }],
  ['OP-10', 'NotSAddr', '"127.77.0.3"', bound(0), bound(0, '127.77.0.3'), { saddr: '127.77.0.1' }],
  ['OP-10', 'DAddr', '"127.77.0.2"', connected(7), connected(7, '127.77.0.3'), { daddr: '127.77.0.2' }],
  ['OP-10', 'NotDAddr', '"127.77.0.0/31"', connected(7), connected(7, '127.77.0.1'), { daddr: '127.77.0.2' }],
  ['OP-11', 'SPort', '"47700:47709", "1"', bound(47_709), bound(47_710), { sport: 47_709 }],
  ['OP-11', 'NotSPort', '"47711"', bound(47_712), bound(47_711), { sport: 47_712 }],
  ['OP-11', 'DPort', '"77"', connected(77), connected(78), { dport: 77 }],
  ['OP-11', 'NotDPort', '"70:80"', connected(81), connected(80), { dport: 81 }],
  ['OP-12', 'SPortPriv', '', bound(977), bound(47_713), { sport: 977 }],
  ['OP-12', 'NotSPortPriv', '', bound(47_714), bound(978), { sport: 47_714 }],
  ['OP-12', 'NotSportPriv', '', bound(47_715), bound(979), { sport: 47_715 }],
  ['OP-12', 'DPortPriv', '', connected(1023), connected(1024), { dport: 1023 }],
  ['OP-12', 'NotDPortPriv', '', connected(1024), connected(1023), { dport: 1024 }],
  [
    'OP-13',
    'Protocol',
    '"IPPROTO_UDP"',
    steps(UDP),
    steps(TCP),
    { protocol: 'IPPROTO_UDP', type: 'SOCK_DGRAM' },
  ],
  ['OP-14', 'Family', '"AF_INET6", "AF_PACKET"', steps(TCP6), steps(TCP), { family: 'AF_INET6' }],
  ['OP-15', 'State', '"TCP_LISTEN"', LISTENING, bound(0), { state: 'TCP_LISTEN' }],
];

function addressCases({ directory }: Stage): PolicyCase[] {
  const connect = (type: string, filter: string, index = 1): string => `
kprobes:
- call: sys_connect
  syscall: true
  args: [{ index: 1, type: ${type} }]
  selectors:
  - matchArgs: [{ index: ${index}, ${filter} }]`;
  const toPath = (name: string): string => `socket 1 2 0 ; connect $0 un:${directory}/${name} 110`;
  const toName = (name: string): string => `socket 1 2 0 ; connect $0 un@${name} ${3 + name.length}`;
  const to = (address: string): string => `${UDP} ; connect $0 in:${address} 16`;
  return [
    {
      name: 'AT-22 sockaddr',
      rows: ['AT-22', 'OP-10'],
      spec: connect('sockaddr', 'operator: SAddr, values: ["127.78.0.0/24"]'),
      matching: to('127.78.0.255:78'),
      differing: to('127.78.1.0:78'),
      expect: { args: [{ sockaddr_arg: { family: 'AF_INET', addr: '127.78.0.255', port: 78 } }] },
    },
    {
      name: 'AT-22 sockaddr of IPv6, by its port',
      rows: ['AT-22', 'OP-11'],
      spec: connect('sockaddr', 'operator: SPort, values: ["7879"]'),
      matching: 'socket 10 2 17 ; connect $0 in6:[::1]:7879 28',
      differing: 'socket 10 2 17 ; connect $0 in6:[::1]:7880 28',
      expect: { args: [{ sockaddr_arg: { family: 'AF_INET6', addr: '::1', port: 7879 } }] },
    },
    {
      name: 'AT-23 sockaddr_un of a path',
      rows: ['AT-23', 'OP-01'],
      spec: connect('sockaddr_un', `operator: Equal, values: ["${directory}/a"]`),
      matching: toPath('a'),
      differing: toPath('b'),
      expect: { args: [{ sockaddrun_arg: { family: 'AF_UNIX', path: `${directory}/a` } }] },
    },
    {
      name: 'AT-23 sockaddr_un of an abstract name without its size',
      rows: ['AT-23', 'OP-01'],
      spec: connect('sockaddr_un', 'operator: Equal, values: ["@merlon-unsized"]'),
      matching: toName('merlon-unsized'),
      differing: toName('merlon-unsize'),
      expect: { args: [{ sockaddrun_arg: { family: 'AF_UNIX', path: '@merlon-unsized' } }] },
    },
    {
      name: 'AT-23 sockaddr_un of an abstract name',
      rows: ['AT-23', 'OP-06'],
      spec: connect('sockaddr_un, sizeArgIndex: 3', 'operator: Prefix, values: ["@merlon-a"]'),
      matching: toName('merlon-abstract'),
      differing: toName('merlon-b'),
      expect: ({ args }) =>
        assert.deepEqual(args?.[0], { sockaddrun_arg: { family: 'AF_UNIX', path: '@merlon-abstract' } }),
    },
  ];
}

function trafficCases(): PolicyCase[] {
  const send = (port: number): string => `${UDP} ; sendto $0 =merlon 6 0 in:127.77.0.9:${port} 16`;
  const listen = (port: number): string => `${TCP} ; bind $0 in:127.77.0.1:${port} 16 ; listen $0 1`;
  const packet = { saddr: '127.0.0.1', daddr: '127.77.0.9', family: 'AF_INET', protocol: 'IPPROTO_UDP' };
  const assertPacket = (shown: unknown, port: number): void => {
    const { saddr, daddr, family, protocol, dport, len } = shown as Fields;
    assert.deepEqual({ saddr, daddr, family, protocol }, packet);
    assert.equal(dport, port);
    // Ethernet, IPv4 and UDP headers before the six bytes.
    assert.equal(len, 14 + 20 + 8 + 6);
  };
  return [
    {
      name: 'AT-19 skb',
      rows: ['AT-19', 'OP-11', 'HK-04'],
      spec: `
tracepoints:
- subsystem: net
  event: net_dev_queue
  raw: true
  args: [{ index: 0, type: skb }]
  selectors:
  - matchArgs:
    - { index: 0, operator: DAddr, values: ["127.77.0.9"] }
    - { index: 0, operator: DPort, values: ["7709"] }
    - { index: 0, operator: Protocol, values: ["IPPROTO_UDP"] }`,
      matching: send(7709),
      differing: send(7710),
      expect: ({ args }) => assertPacket(args?.[0]?.skb_arg, 7709),
    },
    {
      name: 'AT-24 net_device',
      rows: ['AT-24', 'OP-01'],
      spec: `
tracepoints:
- subsystem: net
  event: net_dev_start_xmit
  raw: true
  args: [{ index: 1, type: net_device }, { index: 0 }]
  selectors:
  - matchArgs:
    - { index: 1, operator: Equal, values: [lo] }
    - { index: 0, operator: DPort, values: ["7711"] }`,
      matching: send(7711),
      differing: send(7712),
      expect: ({ args }) => {
        assert.deepEqual(args?.[0], { net_dev_arg: { name: 'lo' } });
        assertPacket(args[1]?.skb_arg, 7711);
      },
    },
    {
      name: 'AT-20 sock',
      rows: ['AT-20', 'OP-11', 'HK-04'],
      spec: `
tracepoints:
- subsystem: sock
  event: inet_sock_set_state
  raw: true
  args: [{ index: 0, type: sock }, { index: 2, type: int }]
  selectors:
  - matchArgs:
    - { index: 0, operator: SPort, values: ["47720"] }
    - { index: 2, operator: Equal, values: ["10"] }`,
      matching: listen(47_720),
      differing: listen(47_721),
      expect: ({ args }) => {
        const { cookie, ...sock } = args?.[0]?.sock_arg as Fields;
        assert.match(String(cookie), /^[0-9]+$/);
        assert.deepEqual(sock, {
          ...{ family: 'AF_INET', type: 'SOCK_STREAM', protocol: 'IPPROTO_TCP', state: 'TCP_CLOSE' },
          ...{ saddr: '127.77.0.1', sport: 47_720, daddr: '0.0.0.0' },
        });
        assert.deepEqual(args?.[1], { int_arg: 10 });
      },
    },
  ];
}

export function socketCases(stage: Stage): PolicyCase[] {
  return [
    ...OPERATORS.map(([row, operator, values, taken, other, fields]) =>
      taskCase({
        name: `${row} ${operator}${fields.family === 'AF_INET6' && row === 'OP-10' ? ' of IPv6' : ''}`,
        rows: [row, 'AT-21'],
        ...{ type: 'socket', resolve: `${HELD_FILE}.private_data` },
        before: [taken, other],
        filter: `operator: ${operator}${values === '' ? '' : `, values: [${values}]`}`,
        data: (datum) => {
          const sock = datum.sock_arg as Fields;
          for (const [field, value] of Object.entries(fields)) assert.equal(sock[field], value, field);
        },
      }),
    ),
    ...addressCases(stage),
    ...trafficCases(),
  ];
}
