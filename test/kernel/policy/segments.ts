// SPDX-License-Identifier: Apache-2.0
/** Buffers in several segments. */
import assert from 'node:assert/strict';
import type { PolicyCase } from './case.ts';

/** A call on a descriptor that is not open: the kernel side has looked at the segments before. */
const NO_DESCRIPTOR = -4245;
const UDP = 'socket 2 2 0 ; connect $0 in:127.0.0.1:9 16 ; ';

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

/** An iterator of one segment (ITER_UBUF since 6.4) or several, as udp_sendmsg() gets it. */
function iteratorCase(name: string, descriptorSize: number, call: string, bytes: string): PolicyCase {
  return {
    name: `AT-17 iov_iter ${name}`,
    rows: ['AT-17'],
    needs: ['trampolines'],
    spec: `
kprobes:
- call: udp_sendmsg
  syscall: false
  args: [{ index: 1, type: iov_iter, resolve: msg_iter }, { index: 2, type: size_t }]
  selectors:
  - matchArgs: [{ index: 2, operator: Equal, values: ["${descriptorSize}"] }]`,
    matching: `${UDP}${call}`,
    differing: `${UDP}write $0 =x 1`,
    expect: { args: [{ bytes_arg: base64(bytes) }, { size_arg: String(descriptorSize) }] },
  };
}

export function segmentCases(): PolicyCase[] {
  const writes = (index: number): string => `
kprobes:
- call: sys_writev
  syscall: true
  args: [{ index: 0, type: int }, { index: 1, type: char_iovec, sizeArgIndex: 3 }]
  selectors:
  - matchArgs: [{ index: 0, operator: Equal, values: ["${NO_DESCRIPTOR - index}"] }]`;
  return [
    {
      name: 'AT-08 char_iovec',
      rows: ['AT-08'],
      spec: writes(0),
      matching: `writev ${NO_DESCRIPTOR} vector:one,-,two,three 4`,
      differing: `writev ${NO_DESCRIPTOR - 100} vector:one,-,two,three 4`,
      expect: { args: [{ int_arg: NO_DESCRIPTOR }, { bytes_arg: base64('one-twothree') }] },
    },
    {
      name: 'AT-08 char_iovec that is cut',
      rows: ['AT-08'],
      spec: writes(1),
      matching: `writev ${NO_DESCRIPTOR - 1} vector:begin,size:5000,size:10000,end 4`,
      differing: `writev ${NO_DESCRIPTOR - 100} vector:begin,size:5000,size:10000,end 4`,
      expect: {
        args: [
          { int_arg: NO_DESCRIPTOR - 1 },
          {
            truncated_bytes_arg: {
              bytes_arg: Buffer.concat([Buffer.from('begin'), Buffer.alloc(4091)]).toString('base64'),
              orig_size: '15008',
            },
          },
        ],
      },
    },
    {
      name: 'AT-08 char_iovec with maxData',
      rows: ['AT-08'],
      spec: writes(3).replace('sizeArgIndex: 3', 'sizeArgIndex: 3, maxData: true'),
      matching: `writev ${NO_DESCRIPTOR - 3} vector:begin,size:5000,mid,size:10000,end 5`,
      differing: `writev ${NO_DESCRIPTOR - 100} vector:begin,size:5000,mid,size:10000,end 5`,
      expect: {
        args: [
          { int_arg: NO_DESCRIPTOR - 3 },
          { bytes_arg: base64(`begin${'\0'.repeat(5000)}mid${'\0'.repeat(10_000)}end`) },
        ],
      },
    },
    {
      name: 'AT-08 char_iovec with a segment that cannot be read',
      rows: ['AT-08'],
      spec: writes(2),
      matching: `writev ${NO_DESCRIPTOR - 2} 1 4`,
      differing: `writev ${NO_DESCRIPTOR - 100} 1 4`,
      expect: (event) => {
        assert.match(JSON.stringify(event.args?.[1]), /Bad address/);
      },
    },
    {
      name: 'AT-08 char_iovec with returnCopy',
      rows: ['AT-08'],
      spec: `
kprobes:
- call: sys_readv
  syscall: true
  return: true
  args: [{ index: 1, type: char_iovec, sizeArgIndex: 3, returnCopy: true }, { index: 2, type: uint64 }]
  returnArg: { index: 0, type: int }
  selectors:
  - matchArgs: [{ index: 2, operator: Equal, values: ["3"] }]`,
      matching:
        'memfd_create =merlon 0 ; write $0 =was-read 8 ; lseek $0 0 0 ; readv $0 vector:12345,1234567,1 3',
      differing: 'memfd_create =merlon 0 ; write $0 =was-read 8 ; lseek $0 0 0 ; readv $0 vector:12345,1 2',
      expect: { args: [{ bytes_arg: base64('was-read') }, { size_arg: '3' }], return: { int_arg: 8 } },
    },
    iteratorCase('of one segment', 13, 'sendto $0 =merlon-packet 13 0 0 0', 'merlon-packet'),
    iteratorCase('of several segments', 14, 'writev $0 vector:merlon,-,vectors 3', 'merlon-vectors'),
  ];
}
