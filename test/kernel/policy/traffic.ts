// SPDX-License-Identifier: Apache-2.0
/** Arguments that are packets, devices and sockets of the kernel's own tracepoints. */
import assert from 'node:assert/strict';
import type { PolicyCase } from './case.ts';

type Fields = Record<string, unknown>;

const TCP = 'socket 2 1 6';
const UDP = 'socket 2 2 17';

export function trafficCases(): PolicyCase[] {
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
