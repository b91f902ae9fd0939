// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { createSocket } from 'node:dgram';
import { after, before, test } from 'node:test';

import type { AttachSpec } from '../index.d.ts';
import { addon, callGetppid, failure } from './addon.ts';
import { findGetppid } from './libc.ts';
import { hits, loadSpine, Slot } from './spine.ts';

const TRACEFS = '/sys/kernel/tracing';
const LOOPBACK = 1;
let mountedTracefs = false;

before(() => {
  if (existsSync(`${TRACEFS}/events`)) return;
  addon.mountFs('tracefs', TRACEFS);
  mountedTracefs = true;
});
after(() => {
  if (mountedTracefs) execFileSync('umount', [TRACEFS]);
});

/** Attaches one program of the spine, runs `cause`, and returns what it counted, then checks that detaching ends it. */
function count(program: string, spec: AttachSpec, slot: number, cause: () => void): number {
  const object = loadSpine(program);
  const map = object.map('hits');
  const link = object.program(program).attach(spec);
  cause();
  const counted = hits(map, slot);
  link.close();
  cause();
  assert.equal(hits(map, slot), counted, 'closing the link ends it');
  object.close();
  return counted;
}

test('tp_btf', () => {
  assert.equal(
    count('on_tp_btf', { kind: 'trace' }, Slot.TpBtf, () => callGetppid(3)),
    3,
  );
  assert.equal(
    count('on_tp_btf', { kind: 'auto' }, Slot.TpBtf, () => callGetppid(3)),
    3,
  );
});

test('raw tracepoint', () => {
  const spec: AttachSpec = { kind: 'rawTracepoint', name: 'sys_enter' };
  assert.equal(
    count('on_raw_tp', spec, Slot.RawTp, () => callGetppid(3)),
    3,
  );
  const unknown: AttachSpec = { kind: 'rawTracepoint', name: 'merlon_unknown' };
  assert.throws(
    () => count('on_raw_tp', unknown, Slot.RawTp, () => {}),
    failure('ENOENT', /"merlon_unknown"/),
  );
});

test('classic tracepoint with a cookie', () => {
  const spec: AttachSpec = {
    kind: 'tracepoint',
    category: 'syscalls',
    name: 'sys_enter_getppid',
    cookie: 5n,
  };
  assert.equal(
    count('on_tp', spec, Slot.Tp, () => callGetppid(3)),
    3,
  );
  assert.equal(
    count('on_tp', spec, Slot.Cookie, () => callGetppid(3)),
    15,
  );
  assert.equal(
    count('on_tp', { kind: 'auto' }, Slot.Tp, () => callGetppid(3)),
    3,
  );
  const unknown: AttachSpec = { kind: 'tracepoint', category: 'syscalls', name: 'sys_enter_nothing' };
  assert.throws(() => count('on_tp', unknown, Slot.Tp, () => {}), failure('ENOENT', /nothing/));
});

test('uprobe', () => {
  const [path, offset] = findGetppid();
  const spec: AttachSpec = { kind: 'uprobe', path, offset, pid: process.pid };
  assert.equal(
    count('on_uprobe', spec, Slot.Uprobe, () => callGetppid(4)),
    4,
  );
  assert.equal(
    count('on_uprobe', { ...spec, retprobe: true }, Slot.Uprobe, () => callGetppid(4)),
    4,
  );
  const missing: AttachSpec = { kind: 'uprobe', path: '/nonexistent', offset: 0n };
  assert.throws(
    () => count('on_uprobe', missing, Slot.Uprobe, () => {}),
    failure('ENOENT', /"\/nonexistent"/),
  );
});

test('uprobe.multi', (t) => {
  const [path, offset] = findGetppid();
  const spec: AttachSpec = {
    ...{ kind: 'uprobeMulti', path, pid: process.pid },
    ...{ offsets: [offset], cookies: [3n] },
  };
  const enumerators = new addon.Btf().findEnum('bpf_attach_type');
  if (!enumerators?.has('BPF_TRACE_UPROBE_MULTI')) {
    t.skip('Kernel before 6.6');
    return;
  }
  assert.equal(
    count('on_uprobe_multi', spec, Slot.Uprobe, () => callGetppid(4)),
    4,
  );
  assert.equal(
    count('on_uprobe_multi', spec, Slot.Cookie, () => callGetppid(4)),
    12,
  );
  const uneven: AttachSpec = { ...spec, kind: 'uprobeMulti', cookies: [1n, 2n] };
  assert.throws(() => count('on_uprobe_multi', uneven, Slot.Uprobe, () => {}), TypeError);
});

test('cgroup', async () => {
  const mounts = readFileSync('/proc/mounts', 'utf8').split('\n');
  const root = mounts.find((line) => line.split(' ')[2] === 'cgroup2')?.split(' ')[1];
  assert.ok(root, 'cgroup v2 is mounted');
  const object = loadSpine('on_cgroup');
  const fd = openSync(root, 'r');
  const link = object.program('on_cgroup').attach({ kind: 'cgroup', fd });
  closeSync(fd);
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.send('x', 9, '127.0.0.1', () => resolve()));
  socket.close();
  assert.ok(hits(object.map('hits'), Slot.Cgroup) >= 1);
  link.detach();
  assert.throws(() => link.info(), failure('EBADF'));
});

test('network namespace', () => {
  const object = loadSpine('on_lookup');
  const fd = openSync('/proc/self/ns/net', 'r');
  const link = object.program('on_lookup').attach({ kind: 'netns', fd });
  closeSync(fd);
  assert.equal(link.info().programId, object.program('on_lookup').info().id);
  link.close();
});

test('interfaces: xdp, tcx, netkit', (t) => {
  const object = loadSpine('on_xdp', 'on_tc');
  const xdp = object.program('on_xdp').attach({ kind: 'xdp', ifindex: LOOPBACK });
  assert.equal(xdp.info().programId, object.program('on_xdp').info().id);
  xdp.close();
  // No interface of this kind: refused by the driver, not by the shape of the request.
  const program = object.program('on_tc');
  assert.throws(() => program.attach({ kind: 'netkit', ifindex: LOOPBACK, primary: true }), /interface 1/);
  assert.throws(() => program.attach({ kind: 'xdp', ifindex: 0x7fffffff }), /interface 2147483647/);
  const enumerators = new addon.Btf().findEnum('bpf_attach_type');
  if (!enumerators?.has('BPF_TCX_INGRESS')) {
    t.skip('tcx: kernel before 6.6');
    return;
  }
  for (const ingress of [true, false]) {
    const tcx = program.attach({ kind: 'tcx', ifindex: LOOPBACK, ingress });
    assert.equal(tcx.info().programId, program.info().id);
    tcx.close();
  }
});

test('an iterator is read to its end, and filtered by process', () => {
  const object = loadSpine('on_task');
  const all = object.program('on_task').attach({ kind: 'iter' });
  const text = new TextDecoder().decode(all.readIterator());
  assert.match(text, /^2 kthreadd$/m);
  assert.match(text, new RegExp(`^${process.pid} `, 'm'));
  all.close();
  const one = object.program('on_task').attach({ kind: 'iter', pid: process.pid });
  const lines = new TextDecoder().decode(one.readIterator()).trim().split('\n');
  assert.ok(lines.every((line) => line.startsWith(`${process.pid} `)));
  one.close();
});

test('what this kernel or program cannot do is refused with the program and the target', () => {
  const object = loadSpine('on_uprobe', 'on_tp_btf');
  const probe = object.program('on_uprobe');
  // A kernel with kprobes attaches it, one without has no such perf event: both are tested, by kernel.
  const kprobe: AttachSpec = { kind: 'kprobe', function: 'merlon_no_such_function' };
  assert.throws(() => probe.attach(kprobe), /"on_uprobe" to the function "merlon_no_such_function"/);
  const ksyscall: AttachSpec = { kind: 'ksyscall', syscall: 'nothing' };
  assert.throws(() => probe.attach(ksyscall), /_sys_nothing"/);
  assert.throws(
    () => probe.attach({ kind: 'kprobeMulti', functions: ['do_exit'] }),
    /"on_uprobe" to 1 functions/,
  );
  assert.throws(() => probe.attach({ kind: 'perfEvent', fd: 0 }), /a perf event/);
  const usdt: AttachSpec = { kind: 'usdt', path: '/bin/true', provider: 'none', name: 'none' };
  assert.throws(() => probe.attach(usdt), /"on_uprobe" as "usdt"/);
  const freplace: AttachSpec = { kind: 'freplace', targetFd: probe.fd, function: 'none' };
  assert.throws(() => object.program('on_tp_btf').attach(freplace), /as "freplace"/);
  assert.throws(() => probe.attach({ kind: 'lsm' }), /"on_uprobe"/);
  assert.throws(() => probe.attach({ kind: 'nothing' } as unknown as AttachSpec), TypeError);
});

test('a link without references stays attached until it is closed', async () => {
  const object = loadSpine('on_tp_btf');
  object.program('on_tp_btf').attach({ kind: 'trace' });
  for (let i = 0; i < 20; i++) {
    globalThis.gc?.();
    await new Promise(setImmediate);
  }
  callGetppid(1);
  assert.equal(hits(object.map('hits'), Slot.TpBtf), 1);
});

test('an update replaces the program of a link that allows it', () => {
  const first = loadSpine('on_lookup');
  const second = loadSpine('on_lookup');
  const fd = openSync('/proc/self/ns/net', 'r');
  const link = first.program('on_lookup').attach({ kind: 'netns', fd });
  closeSync(fd);
  link.update(second.program('on_lookup'));
  assert.equal(link.info().programId, second.program('on_lookup').info().id);
  link.close();
  assert.throws(() => link.update(second.program('on_lookup')), failure('EBADF'));
});

test('our numbers of young attach types are the kernel’s', () => {
  const enumerators = new addon.Btf().findEnum('bpf_attach_type');
  assert.ok(enumerators);
  const source = readFileSync(new URL('../src/uapi.h', import.meta.url), 'utf8');
  let compared = 0;
  for (const [, value, name] of source.matchAll(/= (\d+);\s+\/\/ (BPF_[A-Z_]+), [\d.]+/g)) {
    const theirs = enumerators.get(name ?? '');
    if (theirs === undefined) continue; // an older kernel, or another enumeration
    assert.equal(theirs, BigInt(value ?? -1), name);
    compared++;
  }
  if (enumerators.has('BPF_NETKIT_PEER')) assert.equal(compared, 5);
});
