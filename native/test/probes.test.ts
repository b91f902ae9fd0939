// SPDX-License-Identifier: Apache-2.0
/** The kinds that attach to functions. A kernel that lacks or refuses one skips its test, with the kernel's reason. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';
import { test, type TestContext } from 'node:test';

import type { AttachSpec, BpfLink, BpfObject } from '../index.d.ts';
import { addon, callGetppid, failure, TestError, u32 } from './addon.ts';
import { compile, compileProgram } from './compile.ts';
import { hits } from './spine.ts';

/** Called once by each setpriority(2), and for nothing else. */
const FUNCTION = 'security_task_setnice';
const cause = (): void => {
  for (let i = 0; i < 3; i++) setPriority(getPriority());
};

const KPROBES = existsSync('/sys/bus/event_source/devices/kprobe') ? false : 'The kernel has no kprobes';

/** What a kernel may answer that does not have the feature or locks it away. */
const ABSENT = new Set(['EPERM', 'EOPNOTSUPP']);

/** Runs `action`; where the kernel has no such thing, skips the test and returns undefined. */
function unlessAbsent<T>(t: TestContext, action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof TestError) || !ABSENT.has(error.detail.errnoName)) throw error;
    t.skip(error.message.replace(/"[^"]*\//, '"'));
    return undefined;
  }
}

function open(program: string): BpfObject {
  const object = new addon.BpfObject(compile('probes'));
  object.setGlobal('only_tgid', u32(process.pid));
  for (const { name } of object.programs) object.setAutoload(name, name === program);
  return object;
}

/** Loads and attaches one program, and expects a hit for each of three causes (and their cookies' sum in slot 1). */
function expectHits(t: TestContext, program: string, spec: AttachSpec, target?: string): void {
  const object = open(program);
  if (target !== undefined) object.setAttachTarget(program, target);
  const link = unlessAbsent(t, (): BpfLink => {
    object.load();
    return object.program(program).attach(spec);
  });
  if (link === undefined) return;
  if (spec.kind === 'ksyscall') callGetppid(3);
  else cause();
  assert.equal(hits(object.map('hits'), 0), 3);
  if ('cookie' in spec || 'cookies' in spec) assert.equal(hits(object.map('hits'), 1), 3 * 9);
  assert.equal(link.info().programId, object.program(program).info().id);
  link.close();
  callGetppid(3);
  cause();
  assert.equal(hits(object.map('hits'), 0), 3, 'closing the link ends it');
}

test('kprobe', { skip: KPROBES }, (t) =>
  expectHits(t, 'on_kprobe', { kind: 'kprobe', function: FUNCTION, cookie: 9n }),
);

test('kretprobe', { skip: KPROBES }, (t) =>
  expectHits(t, 'on_kprobe', { kind: 'kprobe', function: FUNCTION, retprobe: true }),
);

test('ksyscall', { skip: KPROBES }, (t) =>
  expectHits(t, 'on_kprobe', { kind: 'ksyscall', syscall: 'getppid', cookie: 9n }),
);

test('kprobe.multi', { skip: KPROBES }, (t) => {
  // The kernel sorts by address: the other function's cookie must not come with this one.
  const functions = ['do_exit', FUNCTION];
  expectHits(t, 'on_kprobe_multi', { kind: 'kprobeMulti', functions, cookies: [5n, 9n] });
});

test('fentry', (t) => expectHits(t, 'on_fentry', { kind: 'trace' }, FUNCTION));
test('fexit', (t) => expectHits(t, 'on_fexit', { kind: 'trace' }, FUNCTION));

test('lsm', (t) => {
  const object = open('on_lsm');
  const link = unlessAbsent(t, (): BpfLink => {
    object.load();
    return object.program('on_lsm').attach({ kind: 'lsm' });
  });
  if (link === undefined) return;
  const active = readFileSync('/sys/kernel/security/lsm', 'utf8').split(',').includes('bpf');
  if (!active) {
    t.skip('The BPF LSM is not in the list of active modules');
    return;
  }
  const before = hits(object.map('hits'), 0);
  readFileSync('/proc/self/comm');
  assert.ok(hits(object.map('hits'), 0) > before);
  link.close();
});

test('usdt', (t) => {
  const object = open('on_usdt');
  object.load();
  const path = compileProgram('usdt');
  const map = object.map('hits');
  const spec: AttachSpec = { kind: 'usdt', path, provider: 'merlon', name: 'tick' };
  const link = unlessAbsent(t, () => object.program('on_usdt').attach(spec));
  if (link === undefined) return;
  object.close(); // the link keeps what it needs
  execFileSync(path, ['4']);
  assert.equal(hits(map, 0), 4);
  assert.throws(() => link.pin('/sys/fs/bpf/merlon-test'), failure('EOPNOTSUPP'));
  link.close();
  execFileSync(path, ['4']);
  assert.equal(hits(map, 0), 4, 'closing the link ends it');
});

test('freplace', (t) => {
  const target = open('calls_replaceable');
  target.load();
  const program = target.program('calls_replaceable');
  const data = new Uint8Array(64);
  assert.equal(program.testRun({ data }).returnValue, data.length + 1);
  const object = new addon.BpfObject(compile('replacement'));
  object.setAttachTarget('replacement', 'replaceable', program.fd);
  const link = unlessAbsent(t, (): BpfLink => {
    object.load();
    const spec: AttachSpec = { kind: 'freplace', targetFd: program.fd, function: 'replaceable' };
    return object.program('replacement').attach(spec);
  });
  if (link === undefined) return;
  assert.equal(program.testRun({ data }).returnValue, 1234);
  link.close();
  assert.equal(program.testRun({ data }).returnValue, data.length + 1);
});
