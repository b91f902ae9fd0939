// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StackFrame } from '../enrich/stack-frame.ts';
import { ValueEntry, ValueFlag, ValueStackPlace } from '../events/gen/layouts.ts';
import type { HookTarget } from '../events/hook.ts';
import { valueData } from '../events/value-testing.ts';
import { execIdOf } from '../process/process.ts';
import type { ExportedEvent, ValueSpec } from './hook-testing.ts';
import { dataOf, encodeHook, hookOf, policyOf, ruleOf } from './hook-testing.ts';

const kprobe = { kind: 'kprobe', functionName: '__x64_sys_write' } as const;
const int = (value: number): ValueSpec => ({ form: 'number', type: 'int', data: valueData.number(value) });

/** What stands under the event's type, without the processes. */
function bodyOf(event: ExportedEvent | undefined): Record<string, unknown> {
  const [body = {}] = Object.values(event ?? {});
  const { process: _process, parent: _parent, ...rest } = body as Record<string, unknown>;
  return rest;
}

/** The only event of a hook with this target and policy. */
function one(
  target: HookTarget,
  specs: ValueSpec[],
  policy: Parameters<typeof policyOf>[0] = {},
  options: Parameters<typeof encodeHook>[2] = {},
): ExportedEvent {
  const { events } = encodeHook(
    hookOf(target, specs, [policyOf(policy)]),
    { values: dataOf(specs) },
    options,
  );
  assert.equal(events.length, 1);
  return events[0] as ExportedEvent;
}

test('one record is one event for each policy that matched, by its first rule', () => {
  const specs = [int(1), int(2)];
  const rules = ['POST', 'SIGKILL'].map((action) => ruleOf({ action, label: `of ${action}` }));
  const hook = hookOf(kprobe, specs, [
    policyOf({ name: 'a', firstRule: 0, rules, args: [0] }),
    policyOf({ name: 'b', firstRule: 2, rules, args: [1, 0], message: 'say "b"', tags: ['x', 'y'] }),
    policyOf({ name: 'c', firstRule: 4, rules }),
    policyOf({ name: 'd', firstRule: 63, rules, namespace: 'shop' }),
  ]);
  const { events } = encodeHook(hook, { rules: [1, 2, 3, 64], values: dataOf(specs) });
  assert.deepEqual(events.map(bodyOf), [
    {
      ...{ function_name: '__x64_sys_write', args: [{ int_arg: 1 }], action: 'KPROBE_ACTION_SIGKILL' },
      ...{ policy_name: 'a', return_action: 'KPROBE_ACTION_POST' },
    },
    {
      ...{ function_name: '__x64_sys_write', args: [{ int_arg: 2 }, { int_arg: 1 }] },
      ...{ action: 'KPROBE_ACTION_POST', policy_name: 'b', return_action: 'KPROBE_ACTION_POST' },
      ...{ message: 'say "b"', tags: ['x', 'y'] },
    },
    {
      ...{ function_name: '__x64_sys_write', action: 'KPROBE_ACTION_SIGKILL', policy_name: 'd' },
      return_action: 'KPROBE_ACTION_POST',
    },
  ]);
  assert.deepEqual(
    events.map(({ merlon }) => [merlon.selector, merlon.policy_namespace]),
    [
      ['of SIGKILL', undefined],
      ['of POST', undefined],
      ['of SIGKILL', 'shop'],
    ],
  );
});

test('a rule with NoPost shows nothing, and what shows nothing is counted', () => {
  const rules = [ruleOf({ action: 'NOPOST' }), ruleOf()];
  const hook = hookOf(kprobe, [], [policyOf({ rules })]);
  assert.equal(encodeHook(hook, { rules: [1] }).events.length, 1);
  const silent = encodeHook(hook, { rules: [0] });
  assert.deepEqual([silent.lines, silent.encoder.hookCounts], [[], { unknown: 0, silent: 1 }]);
  const beyond = encodeHook(hook, { rules: [7, 200] });
  assert.deepEqual([beyond.lines, beyond.encoder.hookCounts.silent], [[], 1]);
});

test('a hook of a generation that is gone is an event that says so', () => {
  const { events, encoder } = encodeHook(hookOf(kprobe, []), { generation: 7 });
  assert.equal(events.length, 1);
  assert.equal((events[0]?.process_tracepoint as { process: { pid: number } }).process.pid, 100);
  assert.equal(events[0]?.merlon.enrichment, 'hook_unknown');
  assert.deepEqual(encoder.hookCounts, { unknown: 1, silent: 0 });
});

test('the event names the thread, the time and the ancestry', () => {
  const hook = hookOf(kprobe, []);
  const threadOf = (tid: number): ExportedEvent | undefined => encodeHook(hook, { tid }).events[0];
  const process = (event: ExportedEvent | undefined): Record<string, unknown> =>
    (event?.process_kprobe as { process: Record<string, unknown> }).process;
  const leader = threadOf(100);
  const thread = threadOf(7);
  assert.deepEqual(process(thread), { ...process(leader), tid: 7 });
  assert.deepEqual(Object.keys(process(thread)), Object.keys(process(leader)));
  assert.equal(leader?.time, '2023-11-14T22:13:20.123461789Z');
  assert.deepEqual(
    (leader.merlon.ancestry as { pid: number }[]).map(({ pid }) => pid),
    [50, 1],
  );
  const unknown = encodeHook(hook, { tgid: 777, tid: 778 }).events[0];
  assert.deepEqual([process(unknown).pid, process(unknown).tid], [777, 778]);
  assert.equal(unknown?.merlon.enrichment, 'process_unknown');
});

test('labels, data and return values', () => {
  const specs = [int(1), int(-2), { form: 'string', type: 'string', data: valueData.bytes('sh') } as const];
  const policy = {
    args: undefined,
    data: [{ entry: 2, label: 'comm"' }],
    returnValue: { entry: 1, label: 'result' },
    rules: [ruleOf({ returnAction: 'TRACKSOCK' })],
  };
  const { args: _, ...rest } = policy;
  assert.deepEqual(bodyOf(one(kprobe, specs, rest)), {
    function_name: '__x64_sys_write',
    return: { int_arg: -2, label: 'result' },
    ...{ action: 'KPROBE_ACTION_POST', policy_name: 'policy', return_action: 'KPROBE_ACTION_TRACKSOCK' },
    data: [{ string_arg: 'sh', label: 'comm"' }],
  });
});

test('a value of the type nop is not shown', () => {
  const body = bodyOf(one(kprobe, [{ ...int(1), type: 'nop' }, int(2)], { args: [0, 1] }));
  assert.deepEqual(body.args, [{ int_arg: 2 }]);
});

test('uprobes have their place, and the return value behind the arguments', () => {
  const target = {
    kind: 'uprobe',
    path: '/bin/bash',
    symbol: 'main',
    offset: 16n,
    refCtrOffset: 1n << 40n,
  } as const;
  const event = one(target, [int(1), int(2)], {
    ...{ args: [0], returnValue: { entry: 1, label: undefined }, message: 'm', tags: ['t'] },
    data: [{ entry: 0, label: undefined }],
  });
  assert.equal(
    JSON.stringify(bodyOf(event)),
    JSON.stringify({
      ...{ path: '/bin/bash', symbol: 'main', policy_name: 'policy', message: 'm' },
      ...{
        args: [{ int_arg: 1 }, { int_arg: 2 }],
        tags: ['t'],
        offset: '16',
        ref_ctr_offset: '1099511627776',
      },
      ...{ action: 'KPROBE_ACTION_POST', data: [{ int_arg: 1 }] },
    }),
  );
});

test('USDTs and LSM hooks', () => {
  const usdt = { kind: 'usdt', path: '/usr/lib/libc.so.6', provider: 'libc', name: 'setjmp' } as const;
  assert.equal(
    JSON.stringify(bodyOf(one(usdt, [int(1)], { args: [0], message: 'm', tags: ['t'] }))),
    JSON.stringify({
      ...{
        path: '/usr/lib/libc.so.6',
        provider: 'libc',
        name: 'setjmp',
        policy_name: 'policy',
        message: 'm',
      },
      ...{ args: [{ int_arg: 1 }], tags: ['t'], action: 'KPROBE_ACTION_POST' },
    }),
  );
  const specs = [int(1)];
  const rules = [ruleOf({ imaHash: true })];
  const hook = hookOf({ kind: 'lsm', functionName: 'file_open' }, specs, [policyOf({ rules, tags: ['t'] })]);
  const hash = (data: Uint8Array): unknown =>
    bodyOf(encodeHook(hook, { values: [{ entry: ValueEntry.VALUE_IMA_HASH, data }] }).events[0]).ima_hash;
  assert.equal(hash(valueData.imaHash(4, Buffer.alloc(32, 0xab))), `sha256:${'ab'.repeat(32)}`);
  assert.equal(hash(valueData.imaHash(2, Buffer.alloc(20, 1))), `sha1:${'01'.repeat(20)}`);
  assert.equal(hash(valueData.imaHash(200, Buffer.alloc(20, 1))), undefined);
  assert.equal(hash(new Uint8Array(2)), undefined);
  const unreadable = {
    ...{ entry: ValueEntry.VALUE_IMA_HASH, flags: ValueFlag.VALUE_UNREADABLE },
    data: new Uint8Array(0),
  };
  const [event] = encodeHook(hook, { values: [unreadable] }).events;
  assert.deepEqual(event?.merlon.unreadable, ['ima_hash']);
});

test('a loaded file', () => {
  const path = { form: 'string', type: 'string', data: valueData.bytes('/lib/x.so') } as const;
  const buildId = { form: 'bytes', type: 'char_buf', data: Buffer.from('0102ff', 'hex') } as const;
  const event = one({ kind: 'loader' }, [path, buildId], { args: [0, 1] });
  assert.deepEqual(bodyOf(event), { path: '/lib/x.so', buildid: 'AQL/' });
  assert.deepEqual(Object.keys(event.process_loader as object), ['process', 'path', 'buildid', 'parent']);
  const cut = {
    ...path,
    form: 'path',
    data: valueData.path('/lib/y.so'),
    flags: ValueFlag.VALUE_TRUNCATED,
  } as const;
  const other = one({ kind: 'loader' }, [cut, { ...buildId, data: new Uint8Array() }], { args: [0, 1] });
  assert.deepEqual(bodyOf(other), { path: '/lib/y.so' });
  assert.deepEqual(other.merlon.truncated, ['path']);
});

const frames: Record<string, StackFrame | undefined> = {
  '0:100': { symbol: 'security_file_open', offset: 9n, module: '', buildId: '' },
  '0:200': { symbol: 'nft_x', offset: 0n, module: 'nf_tables', buildId: '' },
  '100:300': { symbol: 'main', offset: 0x1234n, module: '/bin/sh', buildId: 'aa' },
  '100:400': { symbol: '', offset: 0x99n, module: '/lib/s"o', buildId: 'bb' },
};

function stacks(rule: { kernelStack: boolean; userStack: boolean }, stackAddresses = false, flags = 0) {
  const hook = hookOf(kprobe, [], [policyOf({ rules: [ruleOf(rule)] })]);
  const values = [
    { entry: ValueEntry.VALUE_KERNEL_STACK, data: valueData.stack(100n, 0n, 200n, 201n), flags },
    { entry: ValueEntry.VALUE_USER_STACK, data: valueData.stack(300n, 400n, 401n) },
  ];
  const findFrame = (address: bigint, tgid: number): StackFrame | undefined => frames[`${tgid}:${address}`];
  const [event] = encodeHook(hook, { values }, { findFrame, stackAddresses }).events;
  return { body: bodyOf(event), merlon: event?.merlon ?? {} };
}

test('stacks: symbols, places in files, build ids where symbols are missing, unknown frames in their place', () => {
  const { body, merlon } = stacks({ kernelStack: true, userStack: true });
  assert.deepEqual(body.kernel_stack_trace, [
    { offset: '9', symbol: 'security_file_open' },
    { symbol: 'nft_x', module: 'nf_tables' },
    {},
  ]);
  assert.deepEqual(body.user_stack_trace, [
    { offset: '4660', symbol: 'main', module: '/bin/sh' },
    { offset: '153', module: '/lib/s"o' },
    {},
  ]);
  assert.deepEqual(merlon.build_ids, { '/lib/s"o': 'bb' });
});

test('a stack of a process that has ended: the files are known by their build ids', () => {
  const hook = hookOf(kprobe, [], [policyOf({ rules: [ruleOf({ userStack: true })] })]);
  const place = (status: number): Uint8Array => {
    const bytes = Buffer.alloc(ValueStackPlace.sizeof);
    bytes.writeUInt32LE(status, ValueStackPlace.status);
    bytes.fill(0xcd, ValueStackPlace.buildId, ValueStackPlace.offset);
    bytes.writeBigUInt64LE(0x77n, ValueStackPlace.offset);
    return bytes;
  };
  const values = [
    { entry: ValueEntry.VALUE_USER_STACK, data: valueData.stack(300n, 500n, 501n, 502n) },
    // The last address found no room.
    { entry: ValueEntry.VALUE_USER_PLACES, data: Buffer.concat([place(1), place(1), place(2)]) },
  ];
  const findFrame = (address: bigint, tgid: number): StackFrame | undefined => frames[`${tgid}:${address}`];
  const [event] = encodeHook(hook, { values }, { findFrame }).events;
  const id = 'cd'.repeat(20);
  assert.deepEqual(bodyOf(event).user_stack_trace, [
    { offset: '4660', symbol: 'main', module: '/bin/sh' },
    { offset: '119', module: `build-id:${id}` },
    {},
    {},
  ]);
  assert.deepEqual(event?.merlon.build_ids, { [`build-id:${id}`]: id });
});

test('stacks: addresses only when wanted, and only the stacks that the rule asked for', () => {
  const { body } = stacks({ kernelStack: true, userStack: false }, true, ValueFlag.VALUE_TRUNCATED);
  assert.deepEqual(body.kernel_stack_trace, [
    { address: '100', offset: '9', symbol: 'security_file_open' },
    { address: '200', symbol: 'nft_x', module: 'nf_tables' },
    { address: '201' },
  ]);
  assert.equal(body.user_stack_trace, undefined);
  const user = stacks({ kernelStack: false, userStack: true });
  assert.equal(user.body.kernel_stack_trace, undefined);
  assert.deepEqual(
    stacks({ kernelStack: true, userStack: false }, true, ValueFlag.VALUE_TRUNCATED).merlon.truncated,
    ['kernel_stack_trace'],
  );
});

test('stacks of kinds for which Tetragon has no field stand under merlon', () => {
  const target = { kind: 'tracepoint', subsystem: 'sched', event: 'sched_switch' } as const;
  const hook = hookOf(target, [], [policyOf({ rules: [ruleOf({ kernelStack: true, userStack: true })] })]);
  const values = [
    { entry: ValueEntry.VALUE_KERNEL_STACK, data: valueData.stack(100n) },
    { entry: ValueEntry.VALUE_USER_STACK, data: valueData.stack(400n) },
  ];
  const findFrame = (address: bigint, tgid: number): StackFrame | undefined => frames[`${tgid}:${address}`];
  const [event] = encodeHook(hook, { values }, { findFrame }).events;
  assert.equal(bodyOf(event).kernel_stack_trace, undefined);
  assert.deepEqual(event?.merlon.kernel_stack_trace, [{ offset: '9', symbol: 'security_file_open' }]);
  assert.deepEqual(event.merlon.user_stack_trace, [{ offset: '153', module: '/lib/s"o' }]);
  assert.deepEqual(event.merlon.build_ids, { '/lib/s"o': 'bb' });
});

test('a socket names the process that opened it', () => {
  const specs = [int(0), { form: 'sock', type: 'sock', data: valueData.sock() } as const];
  const owner = (entry: number, args: number[]): unknown => {
    const values = [
      ...dataOf(specs),
      { entry: ValueEntry.VALUE_SOCK_OWNER, data: valueData.sockOwner(9, 90n, 77) },
      { entry: ValueEntry.VALUE_SOCK_OWNER, data: valueData.sockOwner(42, 4200n, entry) },
    ];
    return encodeHook(hookOf(kprobe, specs, [policyOf({ args })]), { values }).events[0]?.merlon.sock_owner;
  };
  assert.deepEqual(owner(1, [0, 1]), { exec_id: execIdOf('node', 4200n, 42), pid: 42 });
  assert.equal(owner(1, [0]), undefined);
});

test('ancestors for the kinds that want them', () => {
  const hook = hookOf(kprobe, []);
  const ancestors = (kind: 'kprobe' | 'lsm'): unknown =>
    (
      encodeHook(hook, {}, { ancestors: new Set([kind]) }).events[0]?.process_kprobe as {
        ancestors?: unknown[];
      }
    ).ancestors?.length;
  assert.deepEqual([ancestors('kprobe'), ancestors('lsm')], [1, undefined]);
});

test('names of policies, functions and labels are escaped', () => {
  const evil = 'a"b\\c\n\u0000\u2028ü';
  const rules = [ruleOf({ label: evil })];
  const args = [{ entry: 0, label: evil }];
  const policy = { ...policyOf({ name: evil, message: evil, tags: [evil], namespace: evil, rules }), args };
  const specs = [int(1)];
  const hook = hookOf({ kind: 'kprobe', functionName: evil }, specs, [policy]);
  const [event] = encodeHook(hook, { values: dataOf(specs) }).events;
  const body = bodyOf(event);
  assert.deepEqual(
    [body.function_name, body.policy_name, body.message, body.tags, body.args],
    [evil, evil, evil, [evil], [{ int_arg: 1, label: evil }]],
  );
  assert.deepEqual([event?.merlon.selector, event?.merlon.policy_namespace], [evil, evil]);
});
