// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { argumentText } from './compact-argument.ts';
import type { ExportEvent } from './compact.ts';
import { formatCompact } from './compact.ts';

const samples = resolve(import.meta.dirname, '../../../shared/reference/tetragon/samples');
const skip = !existsSync(samples) && '../shared/reference/tetragon/samples is absent';
const plain = { color: false, timestamps: false };
const process = { pid: 7, uid: 0, binary: '/bin/cat' };
const file = { file_arg: { path: '/etc/shadow', permission: '-rw-r-----' } };
const sock = {
  sock_arg: {
    ...{ family: 'AF_INET', protocol: 'IPPROTO_TCP', saddr: '10.0.0.1', sport: 4000 },
    ...{ daddr: '10.0.0.2', dport: 443 },
  },
};

/** The line of an event, without what tells of the process: `EMOJI ACTION | DETAIL`. */
function lineOf(type: string, body: object, merlon: object = {}): string {
  const line = formatCompact({ [type]: { process, ...body }, merlon }, plain);
  return line.replace(/\s+7 root +\/bin\/cat {2}/, ' | ');
}
const kprobe = (function_name: string, args: object[], more: object = {}): string =>
  lineOf('process_kprobe', { function_name, args, ...more });

test('functions that say what they do', () => {
  assert.equal(kprobe('security_file_permission', [file, { int_arg: 4 }]), '📚 read | /etc/shadow');
  assert.equal(kprobe('security_file_permission', [file, { int_arg: 2 }]), '📝 write | /etc/shadow');
  assert.equal(kprobe('security_file_permission', [file, { int_arg: 1 }]), '📚 access | /etc/shadow');
  assert.equal(kprobe('security_mmap_file', [file, { uint_arg: 5 }]), '📚 mmap rx | /etc/shadow');
  assert.equal(kprobe('fd_install', [{ int_arg: 3 }, file]), '📬 open | /etc/shadow');
  assert.equal(kprobe('tcp_connect', [sock]), '🔌 connect | tcp 10.0.0.1:4000→10.0.0.2:443');
  assert.equal(
    kprobe('tcp_sendmsg', [sock, { int_arg: 24 }]),
    '📤 send | tcp 10.0.0.1:4000→10.0.0.2:443, 24',
  );
  const failed = { return: { int_arg: -13 } };
  assert.equal(kprobe('security_file_open', [file], failed), '📬 open | /etc/shadow = -13');
  assert.equal(kprobe('security_file_open', [file], { return: { int_arg: 0 } }), '📬 open | /etc/shadow');
});

test('other functions and syscalls as calls', () => {
  assert.equal(kprobe('commit_creds', [{ int_arg: 0 }]), '🎯 kprobe | commit_creds(0)');
  assert.equal(kprobe('fd_install', []), '🎯 kprobe | fd_install()');
  const write = [file, { bytes_arg: 'aGkK' }, { size_arg: '3' }];
  assert.equal(
    kprobe('__x64_sys_write', write, {
      return: { int_arg: 3 },
      data: [{ string_arg: 'cat', label: 'comm' }],
    }),
    '📞 syscall | write(/etc/shadow, "hi\\n", 3) [comm=cat] = 3',
  );
  assert.equal(kprobe('__arm64_sys_mount', []), '📞 syscall | mount()');
});

test('other kinds of hooks', () => {
  const lsm = (function_name: string, args: object[]): string =>
    lineOf('process_lsm', { function_name, args });
  assert.equal(lsm('file_open', [file]), '🔒 open | /etc/shadow');
  assert.equal(
    lsm('bprm_check_security', [{ string_arg: 'ba sh' }]),
    '🔒 lsm | bprm_check_security("ba sh")',
  );
  assert.equal(
    lineOf('process_tracepoint', {
      subsys: 'raw_syscalls',
      event: 'sys_enter',
      args: [{ syscall_id: { id: 33, abi: 'x64' } }],
    }),
    '📍 trace | raw_syscalls/sys_enter(x64:33)',
  );
  assert.equal(
    lineOf('process_tracepoint', {
      subsys: 's',
      event: 'e',
      args: [{ size_arg: '59' }, { string_arg: 'a\nb' }],
    }),
    '📍 trace | s/e(59, "a\\nb")',
  );
  assert.equal(
    lineOf('process_uprobe', { path: '/bin/bash', symbol: 'main', offset: '16', args: [{ int_arg: 1 }] }),
    '🔬 uprobe | /bin/bash:main+16(1)',
  );
  assert.equal(
    lineOf('process_usdt', { path: '/lib/libc.so.6', provider: 'libc', name: 'setjmp' }),
    '🔬 usdt | /lib/libc.so.6:libc:setjmp()',
  );
  assert.equal(lineOf('process_loader', { path: '/lib/x', buildid: 'AAH/' }), '🧬 load | /lib/x 0001ff');
});

test('the policy: what it did, its message, its name, the owner of the socket', () => {
  const policy = { action: 'KPROBE_ACTION_SIGKILL', message: 'no', policy_name: 'kill-shadow' };
  assert.equal(
    kprobe('security_file_open', [file], policy),
    '📬 open | /etc/shadow  SIGKILL  no  policy kill-shadow',
  );
  assert.equal(kprobe('f', [], { action: 'KPROBE_ACTION_POST' }), '🎯 kprobe | f()');
  const body = { function_name: 'tcp_close', args: [sock] };
  assert.match(lineOf('process_kprobe', body, { sock_owner: { pid: 42 } }), / {2}\[socket of pid 42\]$/);
  assert.doesNotMatch(lineOf('process_kprobe', body, { sock_owner: { pid: 7 } }), /socket of/);
});

test('arguments of every kind', () => {
  const cases: [argument: object, text: string][] = [
    [{ int_arg: -1, label: 'fd' }, 'fd=-1'],
    [{ string_arg: '' }, '""'],
    [{ path_arg: {} }, '(no path)'],
    [{ sock_arg: { family: 'AF_UNIX' } }, 'AF_UNIX'],
    [
      { skb_arg: { protocol: 'IPPROTO_UDP', saddr: '::1', sport: 53, daddr: 'fe80::2' } },
      'udp [::1]:53→[fe80::2]',
    ],
    [{ sockaddr_arg: { family: 'AF_INET', addr: '10.1.2.3', port: 80 } }, '10.1.2.3:80'],
    [{ sockaddr_arg: { family: 'AF_NETLINK' } }, 'AF_NETLINK'],
    [{ sockaddrun_arg: { path: '@x' } }, '@x'],
    [{ bytes_arg: Buffer.from('x'.repeat(60)).toString('base64') }, `${'x'.repeat(48)}… (60 bytes)`],
    [{ truncated_bytes_arg: { bytes_arg: 'YQ==', orig_size: '500' } }, 'a of 500 bytes'],
    [{ error_arg: { Message: 'Bad address' } }, '<Bad address>'],
    [{ capability_arg: { value: 21, name: 'CAP_SYS_ADMIN' } }, 'CAP_SYS_ADMIN'],
    [{ kernel_cap_t_arg: '000001ffffffffff' }, '000001ffffffffff'],
    [{ module_arg: { name: 'nf tables', signature_ok: true } }, '"nf tables"'],
    [{ bpf_cmd_arg: 'BPF_MAP_CREATE' }, 'BPF_MAP_CREATE'],
    [{ bpf_attr_arg: { ProgType: 'BPF_PROG_TYPE_XDP', InsnCnt: 2 } }, 'ProgType=BPF_PROG_TYPE_XDP InsnCnt=2'],
    [
      { user_ns_arg: { level: 0, uid: 0, ns: { inum: 4, is_host: true } } },
      'level=0 uid=0 inum=4 is_host=true',
    ],
    [{ process_credentials_arg: { uid: 1, caps: {}, securebits: ['a', 'b'] } }, 'uid=1 securebits=a|b'],
  ];
  for (const [argument, text] of cases) assert.equal(argumentText(argument), text);
});

test('each sample of Tetragon’s output is one line that names what was hit', { skip }, () => {
  for (const name of readdirSync(samples).filter((entry) => /^process_(?!exec|exit).*json$/.test(entry))) {
    for (const line of readFileSync(join(samples, name), 'utf8').split('\n').filter(Boolean)) {
      const text = formatCompact(JSON.parse(line) as ExportEvent, plain);
      assert.doesNotMatch(text, /❔|undefined|\[object|\n/, name);
    }
  }
});
