// SPDX-License-Identifier: Apache-2.0
/** Arguments that are sockets, and what is asked of them. */
import assert from 'node:assert/strict';
import type { PolicyCase } from './case.ts';
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

export function socketCases(): PolicyCase[] {
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
  ];
}
