// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Action } from './model.ts';
import { parseRateLimit } from './rate-limit.ts';
import { isAssignment, isRegister } from './registers.ts';
import { problemsOf, selectorOf } from './testing.ts';

const HOOKS = {
  kprobe:
    'kprobes:\n- call: security_x\n  syscall: false\n  args: [{index: 3, type: sock}, {index: 0, type: int}]',
  fentry:
    'fentries:\n- call: security_x\n  syscall: false\n  args: [{index: 3, type: socket}, {index: 0, type: int}]',
  tracepoint:
    'tracepoints:\n- subsystem: s\n  event: e\n  raw: true\n  args: [{index: 3, type: sock}, {index: 0, type: int}]',
  lsm: 'lsmhooks:\n- hook: file_open\n\n\n  args: [{index: 3, type: sock}, {index: 0, type: int}]',
  uprobe: 'uprobes:\n- path: /a\n  symbols: [b]\n  args: [{index: 3, type: sock}, {index: 0, type: int}]',
  usdt: 'usdts:\n- path: /a\n  provider: p\n  name: x\n  args: [{index: 3, type: int}, {index: 0, type: int}]',
} as const;
type Hook = keyof typeof HOOKS;

function spec(hook: Hook, action: string, more = ''): string {
  return `${more}${HOOKS[hook]}\n  selectors: [{matchActions: [{${action}}]}]`;
}

function actionOf(hook: Hook, action: string, more = ''): Omit<Action, 'at'> {
  const [first] = selectorOf(spec(hook, action, more)).actions;
  assert(first !== undefined);
  const { at: _, ...rest } = first;
  return rest;
}

function refused(hook: Hook, action: string, more = ''): boolean {
  const problems = problemsOf(spec(hook, action, more));
  assert(
    problems.every((problem) => problem.endsWith(' action')),
    problems.join(),
  );
  return problems.length === 1;
}

test('each action with its parameters', () => {
  const post = {
    kind: 'Post',
    rateLimit: undefined,
    kernelStackTrace: false,
    userStackTrace: false,
    imaHash: false,
  };
  assert.deepEqual(actionOf('kprobe', 'action: Post'), post);
  assert.deepEqual(
    actionOf(
      'kprobe',
      'action: Post, rateLimit: 5m, rateLimitScope: process, kernelStackTrace: true, userStackTrace: true',
    ),
    {
      ...post,
      rateLimit: { intervalMs: 300_000, scope: 'process' },
      kernelStackTrace: true,
      userStackTrace: true,
    },
  );
  assert.deepEqual(actionOf('kprobe', 'action: Post, rateLimit: "5"'), {
    ...post,
    rateLimit: { intervalMs: 5000, scope: 'thread' },
  });
  assert.deepEqual(actionOf('lsm', 'action: Post, imaHash: true'), { ...post, imaHash: true });
  assert.deepEqual(actionOf('kprobe', 'action: NoPost, imaHash: false'), { kind: 'NoPost' });
  assert.deepEqual(actionOf('kprobe', 'action: Sigkill, argError: -1'), { kind: 'Sigkill' });
  assert.deepEqual(actionOf('kprobe', 'action: Signal, argSig: 64'), { kind: 'Signal', signal: 64 });
  assert.deepEqual(actionOf('kprobe', 'action: GetUrl, argUrl: "http://a.b/c?d"'), {
    kind: 'GetUrl',
    url: 'http://a.b/c?d',
  });
  assert.deepEqual(actionOf('kprobe', 'action: DnsLookup, argFqdn: a.b.'), {
    kind: 'DnsLookup',
    fqdn: 'a.b.',
  });
  assert.deepEqual(actionOf('kprobe', 'action: TrackSock'), { kind: 'TrackSock', argument: 0 });
  assert.deepEqual(actionOf('fentry', 'action: UntrackSock, argSock: 0'), {
    kind: 'UntrackSock',
    argument: 0,
  });
  const enforcers = 'enforcers: [{calls: [sys_open]}]\n';
  assert.deepEqual(actionOf('tracepoint', 'action: NotifyEnforcer, argError: -1, argSig: 9', enforcers), {
    kind: 'NotifyEnforcer',
    error: -1,
    signal: 9,
  });
  assert.deepEqual(actionOf('kprobe', 'action: NotifyEnforcer, argSig: 9', enforcers), {
    kind: 'NotifyEnforcer',
    error: 0,
    signal: 9,
  });
  assert.deepEqual(actionOf('kprobe', 'action: CleanupEnforcerNotification'), {
    kind: 'CleanupEnforcerNotification',
  });
  assert.deepEqual(actionOf('usdt', 'action: Set, argIndex: 1, argValue: 7'), {
    kind: 'Set',
    argument: 1,
    value: 7,
  });
});

test('Override of a call of the kernel, and of one of a program', () => {
  const override = {
    kind: 'Override',
    error: undefined,
    registers: [],
    newSymbol: undefined,
    newAddress: undefined,
    newOffset: undefined,
  };
  assert.deepEqual(actionOf('kprobe', 'action: Override, argError: -1'), { ...override, error: -1 });
  assert.deepEqual(actionOf('kprobe', 'action: Override, argError: 1'), { ...override, error: 1 });
  assert.deepEqual(actionOf('lsm', 'action: Override, argError: -4095'), { ...override, error: -4095 });
  assert.deepEqual(actionOf('uprobe', 'action: Override, argError: 123'), { ...override, error: 123 });
  assert.deepEqual(actionOf('uprobe', 'action: Override, argRegs: ["rax=11", "rip=8(%rsp)"]'), {
    ...override,
    registers: ['rax=11', 'rip=8(%rsp)'],
  });
  assert.deepEqual(actionOf('uprobe', 'action: Override, argNewSymbol: f'), { ...override, newSymbol: 'f' });
  assert.deepEqual(actionOf('uprobe', 'action: Override, argNewAddr: 9223372036854775807'), {
    ...override,
    newAddress: 2n ** 63n - 1n,
  });
  assert.deepEqual(actionOf('uprobe', 'action: Override, argNewOffset: 0x10'), {
    ...override,
    newOffset: 16n,
  });
  for (const [hook, action] of [
    ['kprobe', 'action: Override'],
    ['kprobe', 'action: Override, argError: -4096'],
    ['kprobe', 'action: Override, argError: -1, argRegs: ["rax=1"]'],
    ['lsm', 'action: Override, argError: 0'],
    ['lsm', 'action: Override, argError: 1'],
    ['tracepoint', 'action: Override, argError: -1'],
    ['usdt', 'action: Override, argError: -1'],
    ['uprobe', 'action: Override'],
    ['uprobe', 'action: Override, argError: 1, argRegs: ["rax=1"]'],
    ['uprobe', 'action: Override, argRegs: ["rax"]'],
    ['uprobe', 'action: Override, argNewSymbol: ""'],
  ] as const)
    assert(refused(hook, action), `${hook} ${action}`);
  assert.deepEqual(
    problemsOf(
      `${HOOKS.kprobe}\n  selectors: [{matchActions: [{action: Override, argError: -1}, {action: Override, argError: -2}]}]`,
    ),
    ['10:68 conflict'],
  );
});

test('parameters that are missing, belong elsewhere, or cannot be used', () => {
  for (const [hook, action] of [
    ['kprobe', 'action: Signal'],
    ['kprobe', 'action: Signal, argSig: 0'],
    ['kprobe', 'action: Signal, argSig: 65'],
    ['kprobe', 'action: NoPost, rateLimit: 5s'],
    ['kprobe', 'action: Sigkill, kernelStackTrace: true'],
    ['kprobe', 'action: GetUrl'],
    ['kprobe', 'action: GetUrl, argUrl: "file:///x"'],
    ['kprobe', 'action: GetUrl, argUrl: "http://"'],
    ['lsm', 'action: GetUrl, argUrl: "http://a"'],
    ['uprobe', 'action: GetUrl, argUrl: "http://a"'],
    ['usdt', 'action: DnsLookup, argFqdn: a'],
    ['kprobe', 'action: DnsLookup, argFqdn: "a..b"'],
    ['kprobe', 'action: TrackSock, argSock: 1'],
    ['kprobe', 'action: TrackSock, argSock: 2'],
    ['uprobe', 'action: TrackSock'],
    ['kprobe', 'action: NotifyEnforcer, argSig: 9'],
    ['kprobe', 'action: Set, argValue: 1'],
    ['usdt', 'action: Set'],
    ['usdt', 'action: Set, argIndex: 2, argValue: 1'],
    ['kprobe', 'action: Post, rateLimit: 5d'],
    ['kprobe', 'action: Post, rateLimitScope: global'],
    ['kprobe', 'action: Post, rateLimit: 5s, rateLimitScope: Global'],
    ['kprobe', 'action: Post, imaHash: true'],
    ['lsm', 'action: Post, userStackTrace: true'],
  ] as const)
    assert(refused(hook, action), `${hook} ${action}`);
  const enforcers = 'enforcers: [{calls: [sys_open]}]\n';
  assert(refused('kprobe', 'action: NotifyEnforcer', enforcers));
  assert(refused('kprobe', 'action: NotifyEnforcer, argError: 1', enforcers));
  assert(refused('uprobe', 'action: NotifyEnforcer, argSig: 9', enforcers));
});

test('rate limits in seconds, minutes and hours, up to 49 days', () => {
  for (const [text, ms] of [
    ['5', 5000],
    ['5s', 5000],
    ['5S', 5000],
    ['1m', 60_000],
    ['1H', 3_600_000],
    ['0', 0],
    ['4294967295h', 0xffff_ffff],
  ] as const)
    assert.equal(parseRateLimit(text), ms, text);
  for (const text of ['', 's', '-1', '1.5', '5d', '5 s', '4294967296', '0x5'])
    assert.equal(parseRateLimit(text), undefined, text);
});

test('registers and assignments to them', () => {
  for (const name of [
    'rax',
    'eax',
    'ax',
    'al',
    'rip',
    'eip',
    'sil',
    'spl',
    'r8',
    'r15d',
    'r9w',
    'r10b',
    'x0',
    'w30',
    'sp',
    'pc',
  ])
    assert(isRegister(name), name);
  for (const name of ['', 'rzx', 'r16', 'x31', 'r8x', 'RAX', 'ip', 'toString'])
    assert(!isRegister(name), name);
  for (const text of [
    'rax=11',
    'rax = -1',
    'rbp=%rsp',
    'rip=8%rsp',
    'rbp=(%rsp)',
    'rsp=0x8(%rsp)',
    'rip=0x20 ( %rsp )',
  ])
    assert(isAssignment(text), text);
  for (const text of [
    '',
    'rax',
    'rax=',
    '=1',
    'rax=%',
    'rax=rbx',
    'rax=%foo',
    'rax=1=2',
    'foo=1',
    'rax=(rsp)',
    'rax=8(%rsp',
  ])
    assert(!isAssignment(text), text);
});
