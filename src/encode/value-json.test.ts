// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ValueEntry, ValueFlag } from '../events/gen/layouts.ts';
import { valueData } from '../events/value-testing.ts';
import type { ValueSpec } from './hook-testing.ts';
import { dataOf, encodeHook, encodeValues, hookOf } from './hook-testing.ts';

const target = { kind: 'kprobe', functionName: 'f' } as const;

/** The arguments that these values become. */
function args(...specs: ValueSpec[]): object[] {
  return encodeValues(target, specs).args;
}

const number = (type: string, value: bigint, signed = true): ValueSpec => ({
  ...{ form: 'number', type, signed },
  data: valueData.number(value),
});
const CUT = ValueFlag.VALUE_TRUNCATED;

test('numbers by their type', () => {
  assert.deepEqual(
    args(number('int', -1n), number('int', 0n), number('int8', -128n), number('int16', 300n)),
    [{ int_arg: -1 }, { int_arg: 0 }, { int_arg: -128 }, { int_arg: 300 }],
  );
  assert.deepEqual(args(number('uint32', 0xffff_ffffn), number('uint8', 7n), number('int', -0x8000_0000n)), [
    { uint_arg: 4_294_967_295 },
    { uint_arg: 7 },
    { int_arg: -2_147_483_648 },
  ]);
  assert.deepEqual(
    args(number('long', -5n), number('long', 1n << 62n), number('long', -(1n << 63n)), number('long', 0n)),
    [
      { long_arg: '-5' },
      { long_arg: String(1n << 62n) },
      { long_arg: String(-(1n << 63n)) },
      { long_arg: '0' },
    ],
  );
  assert.deepEqual(args(number('uint64', -1n), number('uint64', 5n), number('pointer', -1n, false)), [
    { size_arg: '18446744073709551615' },
    { size_arg: '5' },
    { size_arg: '18446744073709551615' },
  ]);
});

test('numbers with names', () => {
  assert.deepEqual(args(number('capability', 21n), number('capability', 0n), number('capability', 99n)), [
    { capability_arg: { value: 21, name: 'CAP_SYS_ADMIN' } },
    { capability_arg: { value: 0, name: 'CAP_CHOWN' } },
    { capability_arg: { value: 99 } },
  ]);
  assert.deepEqual(args(number('bpf_cmd', 5n), number('bpf_cmd', 0n), number('bpf_cmd', 77n)), [
    { bpf_cmd_arg: 'BPF_PROG_LOAD' },
    { bpf_cmd_arg: 'BPF_MAP_CREATE' },
    { bpf_cmd_arg: 77 },
  ]);
  assert.deepEqual(
    ['kernel_cap_t', 'cap_inheritable', 'cap_permitted', 'cap_effective'].map(
      (type) => args(number(type, 0x1ff_ffff_ffffn))[0],
    ),
    ['kernel_cap_t_arg', 'cap_inheritable_arg', 'cap_permitted_arg', 'cap_effective_arg'].map((key) => ({
      [key]: '000001ffffffffff',
    })),
  );
  const [native, compat] = process.arch === 'arm64' ? ['arm64', 'arm32'] : ['x64', 'i386'];
  assert.deepEqual(
    args(number('syscall64', 33n), number('syscall64', 0n), number('syscall64', 0x8000_0003n)),
    [
      { syscall_id: { id: 33, abi: native } },
      { syscall_id: { abi: native } },
      { syscall_id: { id: 3, abi: compat } },
    ],
  );
});

test('strings of any bytes', () => {
  const string = (value: string | Uint8Array): object[] =>
    args({ form: 'string', type: 'string', data: valueData.bytes(value) });
  for (const text of ['', 'plain', 'a"b\\c', '\n\t\0\u0001\u001f\u007f', 'ü€😀', '\u2028', 'x'.repeat(5000)])
    assert.deepEqual(string(text), [{ string_arg: text }]);
  assert.deepEqual(string(Buffer.from([0x61, 0xff, 0x22, 0xc3, 0x28])), [{ string_arg: 'a\ufffd"\ufffd(' }]);
  assert.deepEqual(args({ form: 'string', type: 'net_device', data: valueData.bytes('eth0') }), [
    { net_dev_arg: { name: 'eth0' } },
  ]);
});

test('buffers, whole and cut', () => {
  const bytes = (data: string, flags = 0): ValueSpec => ({
    ...{ form: 'bytes', type: 'char_buf', flags },
    data: valueData.bytes(data),
  });
  assert.deepEqual(args(bytes('abc'), bytes('')), [{ bytes_arg: 'YWJj' }, { bytes_arg: '' }]);
  const sizes = [
    { entry: ValueEntry.VALUE_SIZE, data: valueData.size(9n, 5) },
    { entry: ValueEntry.VALUE_SIZE, data: valueData.size(5000n, 1) },
  ];
  assert.deepEqual(encodeValues(target, [bytes('abc', CUT), bytes('de', CUT)], sizes).args, [
    { truncated_bytes_arg: { bytes_arg: 'YWJj' } },
    { truncated_bytes_arg: { bytes_arg: 'ZGU=', orig_size: '5000' } },
  ]);
});

test('a buffer with maxData goes on in another place of the record', () => {
  const first = Buffer.alloc(4096, 'ab');
  const bytes = (flags: number): ValueSpec => ({
    ...{ form: 'bytes', type: 'char_buf', flags },
    data: valueData.bytes(first),
  });
  const extras = [
    { entry: ValueEntry.VALUE_SIZE, data: valueData.size(9000n, 1) },
    { entry: ValueEntry.VALUE_REST, data: valueData.rest(0, 'bcde') },
    { entry: ValueEntry.VALUE_REST, data: valueData.rest(1, 'bc') },
  ];
  const found = encodeValues(target, [bytes(0), bytes(CUT)], extras).args;
  const whole = (end: string): string => Buffer.concat([first, Buffer.from(end)]).toString('base64');
  assert.deepEqual(found, [
    { bytes_arg: whole('cde') },
    { truncated_bytes_arg: { bytes_arg: whole('c'), orig_size: '9000' } },
  ]);
});

test('files and paths', () => {
  const path = (type: string, text: string, mode: number, flags = 0): ValueSpec => ({
    ...{ form: 'path', type, flags },
    data: valueData.path(text, { mode }),
  });
  assert.deepEqual(
    args(
      path('file', '/etc/shadow', 0o100640),
      path('fd', '/tmp/x\n', 0o104755),
      path('kiocb', '/', 0o41777),
    ),
    [
      { file_arg: { path: '/etc/shadow', permission: '-rw-r-----' } },
      { file_arg: { path: '/tmp/x\n', permission: '-rwsr-xr-x' } },
      { file_arg: { path: '/', permission: 'drwxrwxrwt' } },
    ],
  );
  assert.deepEqual(
    args(path('path', '/a', 0o120777), path('dentry', '/b', 0o2644, CUT), path('linux_binprm', '', 0)),
    [
      { path_arg: { path: '/a', permission: 'lrwxrwxrwx' } },
      { path_arg: { path: '/b', flags: 'unresolvedPathComponents', permission: 'rw-r-Sr--' } },
      { linux_binprm_arg: { permission: '---------' } },
    ],
  );
});

test('sockets, packets and addresses', () => {
  const sock = { form: 'sock', type: 'sock' } as const;
  assert.deepEqual(
    args(
      {
        ...sock,
        data: valueData.sock({ sourcePort: 43562, destinationPort: 54321, cookie: 1n << 63n, state: 2 }),
      },
      {
        ...sock,
        data: valueData.sock({
          family: 10,
          type: 2,
          protocol: 17,
          source: '::1',
          destination: 'fe80::1:0:2',
          mark: 5,
        }),
      },
      { ...sock, type: 'socket', data: valueData.sock({ family: 1, type: 99, protocol: 0, state: 0 }) },
    ),
    [
      {
        sock_arg: {
          ...{ family: 'AF_INET', type: 'SOCK_STREAM', protocol: 'IPPROTO_TCP' },
          ...{ saddr: '127.0.0.1', daddr: '127.0.0.1', sport: 43562, dport: 54321 },
          ...{ cookie: '9223372036854775808', state: 'TCP_SYN_SENT' },
        },
      },
      {
        sock_arg: {
          ...{ family: 'AF_INET6', type: 'SOCK_DGRAM', protocol: 'IPPROTO_UDP', mark: 5 },
          ...{ saddr: '::1', daddr: 'fe80::1:0:2', state: 'TCP_ESTABLISHED' },
        },
      },
      { sock_arg: { family: 'AF_UNIX', type: '99', protocol: 'IPPROTO_IP', state: '0' } },
    ],
  );
  assert.deepEqual(
    args({
      ...{ form: 'sock', type: 'skb' },
      data: valueData.sock({ length: 60, hash: 9, sourcePort: 1, destinationPort: 53, protocol: 17 }),
    }),
    [
      {
        skb_arg: {
          ...{ hash: 9, len: 60, saddr: '127.0.0.1', daddr: '127.0.0.1', sport: 1, dport: 53, proto: 17 },
          ...{ protocol: 'IPPROTO_UDP', family: 'AF_INET' },
        },
      },
    ],
  );
  const sockaddr = { form: 'sockaddr', type: 'sockaddr' } as const;
  assert.deepEqual(
    args(
      { ...sockaddr, data: valueData.sockaddr(2, '10.1.2.3', 443) },
      { ...sockaddr, data: valueData.sockaddr(10, '2001:db8:0:0:1:0:0:1', 0) },
      { ...sockaddr, data: valueData.sockaddr(16, '', 0) },
    ),
    [
      { sockaddr_arg: { family: 'AF_INET', addr: '10.1.2.3', port: 443 } },
      { sockaddr_arg: { family: 'AF_INET6', addr: '2001:db8::1:0:0:1' } },
      { sockaddr_arg: { family: 'AF_NETLINK' } },
    ],
  );
  const unix = (path: string): object | undefined =>
    args({ form: 'sockaddr_un', type: 'sockaddr_un', data: valueData.sockaddrUn(path) })[0];
  assert.deepEqual(unix('/run/x\0rest'), { sockaddrun_arg: { family: 'AF_UNIX', path: '/run/x' } });
  assert.deepEqual(unix('/run/x'), { sockaddrun_arg: { family: 'AF_UNIX', path: '/run/x' } });
  assert.deepEqual(unix('\0na\0me'), { sockaddrun_arg: { family: 'AF_UNIX', path: '@name' } });
  assert.deepEqual(unix('\0\0'), { sockaddrun_arg: { family: 'AF_UNIX' } });
  assert.deepEqual(unix(''), { sockaddrun_arg: { family: 'AF_UNIX' } });
});

test('IPv6 addresses in their one form', () => {
  const text = (address: string): unknown =>
    (
      args({ form: 'sockaddr', type: 'sockaddr', data: valueData.sockaddr(10, address, 0) })[0] as {
        sockaddr_arg: { addr: string };
      }
    ).sockaddr_arg.addr;
  for (const address of [
    '::',
    '::1',
    '1::',
    'a:b:c:d:e:f:1:2',
    '1:0:2::3',
    '1:0:2:3:4:5:6:7',
    'fe80::',
    '0:1::',
  ])
    assert.equal(text(address), address);
  assert.equal(text('1:0:0:2:3:0:0:4'), '1::2:3:0:0:4');
  assert.equal(text('0:0:0:0:0:ffff:102:304'), '::ffff:1.2.3.4');
});

test('credentials and user namespaces', () => {
  const cred = valueData.cred({ uid: 1000, euid: 0, securebits: 1, capEffective: 3n, userNs: 4026531837 });
  assert.deepEqual(args({ form: 'cred', type: 'cred', data: cred }), [
    {
      process_credentials_arg: {
        ...{ uid: 1000, gid: 0, euid: 0, egid: 0, suid: 0, sgid: 0, fsuid: 0, fsgid: 0 },
        securebits: ['SecBitNoRoot'],
        caps: { effective: ['CAP_CHOWN', 'DAC_OVERRIDE'] },
        user_ns: { level: 0, uid: 0, gid: 0, ns: { inum: 4026531837, is_host: true } },
      },
    },
  ]);
  const namespace = valueData.userNamespace(1, 1000, 1001, 4026532000);
  assert.deepEqual(args({ form: 'user_namespace', type: 'user_namespace', data: namespace }), [
    { user_ns_arg: { level: 1, uid: 1000, gid: 1001, ns: { inum: 4026532000 } } },
  ]);
});

test('BPF objects, perf events, modules', () => {
  const program = valueData.bpf({ type: 1, instructions: 2, name: 'p' });
  const map = valueData.bpf({ type: 2, keySize: 4, valueSize: 4, maxEntries: 1, name: 'sixteen bytes ..' });
  assert.deepEqual(
    args(
      { form: 'bpf', type: 'bpf_attr', data: program },
      { form: 'bpf', type: 'bpf_prog', data: valueData.bpf({ type: 500 }) },
      { form: 'bpf', type: 'bpf_map', data: map },
      { form: 'perf_event', type: 'perf_event', data: valueData.perfEvent(0, 5n, 0n, 'do_exit') },
      { form: 'module', type: 'load_info', data: valueData.module('nf\x01', 0, 0x3001n) },
      { form: 'module', type: 'load_info', data: valueData.module('a', 2) },
      { form: 'module', type: 'module', data: valueData.module('b', 1) },
    ),
    [
      { bpf_attr_arg: { ProgType: 'BPF_PROG_TYPE_SOCKET_FILTER', InsnCnt: 2, ProgName: 'p' } },
      { bpf_prog_arg: { ProgType: '500' } },
      {
        bpf_map_arg: {
          ...{ MapType: 'BPF_MAP_TYPE_ARRAY', KeySize: 4, ValueSize: 4, MaxEntries: 1 },
          MapName: 'sixteen bytes ..',
        },
      },
      { perf_event_arg: { KprobeFunc: 'do_exit', Type: 'PERF_TYPE_HARDWARE', Config: '5' } },
      {
        module_arg: {
          ...{ name: 'nf\x01', signature_ok: false },
          tainted: ['TAINT_PROPRIETARY_MODULE', 'TAINT_OUT_OF_TREE_MODULE', 'TAINT_UNSIGNED_MODULE'],
        },
      },
      { module_arg: { name: 'a' } },
      { module_arg: { name: 'b' } },
    ],
  );
});

describe('a value that is not there', () => {
  const fields = (specs: ValueSpec[], present = specs.length) => {
    const values = dataOf(specs).slice(0, present);
    const { events } = encodeHook(hookOf(target, specs), { values });
    const event = events[0]?.process_kprobe as { args: { error_arg?: { Message: string } }[] };
    return { args: event.args, merlon: events[0]?.merlon ?? {} };
  };
  const message = (argument: { error_arg?: { Message: string } } | undefined): string =>
    argument?.error_arg?.Message ?? '';

  test('an unreadable one is an error and is named', () => {
    const data = new Uint8Array();
    const found = fields([
      { form: 'path', type: 'file', data, flags: ValueFlag.VALUE_UNREADABLE },
      number('int', 3n),
      { ...number('int', 3n), flags: ValueFlag.VALUE_UNREADABLE },
    ]);
    assert.match(message(found.args[0]), /^Bad address/);
    assert.deepEqual(found.args[1], { int_arg: 3 });
    assert.match(message(found.args[2]), /^Bad address/);
    assert.deepEqual(found.merlon.unreadable, ['args[0]', 'args[2]']);
  });

  test('the readable part of a string or buffer is shown', () => {
    const found = fields([
      { form: 'string', type: 'string', data: valueData.bytes('half'), flags: ValueFlag.VALUE_UNREADABLE },
    ]);
    assert.deepEqual(found.args, [{ string_arg: 'half' }]);
    assert.deepEqual(found.merlon.unreadable, ['args[0]']);
  });

  test('a missing object is an error of its own', () => {
    const data = new Uint8Array();
    const found = fields([{ form: 'sock', type: 'sock', data, flags: ValueFlag.VALUE_MISSING }]);
    assert.match(message(found.args[0]), /^No such object/);
    assert.equal(found.merlon.unreadable, undefined);
  });

  test('what found no room in the record, or has less than its form needs', () => {
    const full = { form: 'path', type: 'file', data: new Uint8Array(), flags: CUT } as const;
    const found = fields([full, { ...full, form: 'string', type: 'string' }, number('int', 1n)], 2);
    for (const argument of found.args) assert.match(message(argument), /does not hold/);
    assert.deepEqual(found.merlon.truncated, ['args[0]', 'args[1]', 'args[2]']);
    const short = fields([{ form: 'sock', type: 'sock', data: new Uint8Array(8) }]);
    assert.match(message(short.args[0]), /does not hold/);
  });
});
