// SPDX-License-Identifier: Apache-2.0
/** Arguments that are addresses of sockets. */
import type { PolicyCase, Stage } from './case.ts';

const UDP = 'socket 2 2 17';

export function addressCases({ directory }: Stage): PolicyCase[] {
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
      expect: { args: [{ sockaddrun_arg: { family: 'AF_UNIX', path: '@merlon-abstract' } }] },
    },
  ];
}
