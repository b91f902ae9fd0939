// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hookOf, policyOf, problemsOf } from './testing.ts';

test('a kprobe: defaults, aliases of types, the size argument from 0', () => {
  const hook = hookOf(`kprobes:
- call: sys_read
  message: a message
  tags: [tag]
  args:
  - {index: 0, type: sint32, label: fd}
  - {index: 1, type: char_buf, sizeArgIndex: 3, returnCopy: true, maxData: true}
  - {index: 2, type: size_t}
  data:
  - {index: 0, type: string, source: current_task, resolve: comm}
  - {index: 1, type: uint64, source: pt_regs, resolve: rdi}`);
  assert(hook.kind === 'kprobe');
  assert.deepEqual(
    [
      hook.call.kind === 'function' && hook.call.name,
      hook.syscall,
      hook.message,
      hook.tags,
      hook.ignoreCallNotFound,
    ],
    ['sys_read', true, 'a message', ['tag'], false],
  );
  assert.deepEqual(
    hook.args.map(({ type, spelling, sizeArgument, returnCopy, maxData, label, source }) => [
      ...[type, spelling, sizeArgument, returnCopy, maxData, label, source],
    ]),
    [
      ['int', 'sint32', undefined, false, false, 'fd', 'argument'],
      ['char_buf', 'char_buf', 2, true, true, undefined, 'argument'],
      ['uint64', 'size_t', undefined, false, false, undefined, 'argument'],
    ],
  );
  assert.deepEqual(
    hook.data.map(({ source, resolve }) => [source, resolve]),
    [
      ['current_task', 'comm'],
      ['pt_regs', 'rdi'],
    ],
  );
  assert.deepEqual([hook.at.line, hook.at.column, hook.args[1]?.at.line], [7, 5, 12]);
});

test('returns, their actions, and what Tetragon reads without reporting it', () => {
  const hook = hookOf(
    'kprobes: [{call: sk_alloc, syscall: false, return: true, returnArg: {index: 0, type: sock}, returnArgAction: tracksock}]',
  );
  assert(hook.kind === 'kprobe');
  assert.deepEqual([hook.syscall, hook.returnArg?.type, hook.returnArgAction], [false, 'sock', 'TrackSock']);
  const silent = hookOf('kprobes: [{call: f, returnArg: {index: 0, type: int}}]');
  assert(silent.kind === 'kprobe');
  assert.equal(silent.returnArg, undefined);
  for (const [more, problem] of [
    ['return: true, returnArg: {index: 0, type: sock}, returnArgAction: Post', '6:89 action'],
    ['return: true, returnArg: {index: 0, type: int}, returnArgAction: TrackSock', '6:88 action'],
    ['returnArgAction: TrackSock', '6:23 action'],
    ['return: true, returnArg: {index: 0}', '6:49 value'],
  ] as const)
    assert.deepEqual(problemsOf(`kprobes: [{call: f, ${more}}]`), [problem], more);
});

test('lists of syscalls make a call one of a syscall; several kinds of hooks stand in one policy', () => {
  const policy = policyOf(`lists:
- {name: s, type: syscalls, values: [sys_open, i386/sys_open, __x64_sys_close, read]}
- {name: g, type: generated_syscalls}
- {name: t, type: generated_ftrace, pattern: "^ksys_"}
- {name: p, values: [fd_install, f.isra.0]}
kprobes: [{call: "list:s", syscall: false}, {call: "list:t", syscall: false, ignore: {callNotFound: true}}]
fentries: [{call: "list:g", syscall: false}]
tracepoints: [{subsystem: sched, event: sched_process_exec, raw: true, args: [{index: 11, type: auto}]}]
lsmhooks: [{hook: file_open, args: [{index: 0, type: file}, {index: 0, type: int, source: current_task, resolve: pid}]}]
uprobes: [{path: /bin/sh, symbols: [main, "f+0x10"], refCtrOffsets: [1, 9007199254740993], binaryDigests: [" Build-ID:AB "]}]
usdts: [{path: /bin/sh, provider: p, name: x, args: [{index: 0, type: auto}]}]
loader: true`);
  assert.deepEqual(
    policy.hooks.map((hook) => [hook.kind, 'syscall' in hook && hook.syscall]),
    [
      ['kprobe', true],
      ['kprobe', false],
      ['fentry', true],
      ['tracepoint', false],
      ['lsm', false],
      ['uprobe', false],
      ['usdt', false],
    ],
  );
  const [, ignoring, , tracepoint, lsm, uprobe] = policy.hooks;
  assert(ignoring?.kind === 'kprobe' && ignoring.ignoreCallNotFound && ignoring.call.kind === 'list');
  assert.equal(ignoring.call.list, policy.lists[2]);
  assert(tracepoint?.kind === 'tracepoint' && tracepoint.raw && tracepoint.subsystem === 'sched');
  assert(lsm?.kind === 'lsm' && lsm.args[1]?.source === 'current_task');
  assert(uprobe?.kind === 'uprobe');
  assert.deepEqual(
    [uprobe.target, uprobe.refCtrOffsets, uprobe.binaryDigests],
    [
      { by: 'symbol', symbols: ['main', 'f+0x10'] },
      [1n, 9007199254740993n],
      [{ algorithm: 'build-id', value: 'ab' }],
    ],
  );
  assert(policy.loader);
});

test('uprobes by offset and by address keep 64 bits', () => {
  const target = (by: string): unknown => {
    const hook = hookOf(`uprobes: [{path: /a, ${by}: [9223372036854775807]}]`);
    return hook.kind === 'uprobe' && hook.target;
  };
  assert.deepEqual(target('offsets'), { by: 'offset', offsets: [2n ** 63n - 1n] });
  assert.deepEqual(target('addrs'), { by: 'address', addresses: [2n ** 63n - 1n] });
});

test('arguments that a hook cannot read', () => {
  for (const [hook, argument, problem] of [
    ['kprobes: [{call: f, args: ', '{index: 6, type: int}', 'value'],
    ['kprobes: [{call: f, args: ', '{index: 0, type: const_buf}', 'value'],
    ['kprobes: [{call: f, args: ', '{index: 0, type: data_loc}', 'value'],
    ['kprobes: [{call: f, args: ', '{index: 0, type: syscall64}', 'value'],
    ['kprobes: [{call: f, args: ', '{index: 0}', 'value'],
    ['fentries: [{call: f, args: ', '{index: 0, type: auto}', 'value'],
    ['kprobes: [{call: f, args: ', '{index: 0, type: int, source: current_task}', 'conflict'],
    ['kprobes: [{call: f, args: ', '{index: 0, type: int, resolve: "a["}', 'value'],
    ['kprobes: [{call: f, args: ', '{index: 0, type: int, btfTypeModule: m}', 'conflict'],
    ['kprobes: [{call: f, args: ', '{index: 0, type: char_buf, sizeArgIndex: 7}', 'value'],
    ['kprobes: [{call: f, data: ', '{index: 0, type: int, source: elsewhere, resolve: a}', 'value'],
    ['kprobes: [{call: f, data: ', '{index: 0, type: int, source: pt_regs}', 'missing-field'],
    ['lsmhooks: [{hook: h, args: ', '{index: 0, type: int, source: pt_regs, resolve: rdi}', 'conflict'],
    ['lsmhooks: [{hook: h, args: ', '{index: 0, type: char_buf, returnCopy: true}', 'conflict'],
    ['tracepoints: [{subsystem: s, event: e, args: ', '{index: 0, type: int, resolve: a}', 'conflict'],
    ['tracepoints: [{subsystem: s, event: e, raw: true, args: ', '{index: 12, type: int}', 'value'],
    ['tracepoints: [{subsystem: s, event: e, raw: true, args: ', '{index: 0, type: data_loc}', 'value'],
    ['uprobes: [{path: /a, symbols: [b], args: ', '{index: 0}', 'value'],
    [
      'uprobes: [{path: /a, symbols: [b], args: ',
      '{index: 0, type: int, resolve: a, btfType: t}',
      'missing-field',
    ],
    [
      'usdts: [{path: /a, provider: p, name: x, args: ',
      '{index: 0, type: int, btfType: t, btfTypeModule: m}',
      'conflict',
    ],
  ] as const) {
    const problems = problemsOf(`${hook}[${argument}]}]`).map((text) => text.split(' ')[1]);
    assert.deepEqual(problems, [problem], argument);
  }
});

test('arguments that a hook can read', () => {
  for (const spec of [
    'kprobes: [{call: f, args: [{index: 5, type: int, resolve: "a.b[3].c"}, {index: 0, type: int, resolve: "[2].x", btfType: t, btfTypeModule: m}]}]',
    'kprobes: [{call: f, data: [{index: 9, type: auto, source: current_task, resolve: cred.uid.val}]}]',
    'tracepoints: [{subsystem: s, event: e, args: [{index: 40}, {index: 7, type: data_loc}, {index: 4, type: syscall64}]}]',
    'tracepoints: [{subsystem: s, event: e, raw: true, args: [{index: 0, type: int, resolve: pid}]}]',
    'uprobes: [{path: /a, btfPath: /b, symbols: [b], args: [{index: 0, type: auto, resolve: a, btfType: t}]}]',
    `kprobes: [{call: f, args: [${'{index: 1, type: int}, '.repeat(30)}]}]`,
  ])
    assert.deepEqual(problemsOf(spec), [], spec);
});

test('hooks without a name, targets that do not fit', () => {
  for (const [spec, problem] of [
    ['kprobes: [{call: ""}]', '6:20 value'],
    ['kprobes: [{call: "a b"}]', '6:20 value'],
    ['kprobes: [{call: "list:x"}]', '6:20 reference'],
    ['lsmhooks: [{hook: ""}]', '6:21 value'],
    ['uprobes: [{path: /a}]', '6:14 missing-field'],
    ['uprobes: [{path: /a, symbols: []}]', '6:14 missing-field'],
    ['uprobes: [{path: a, symbols: [b]}]', '6:20 value'],
    ['uprobes: [{path: /a, symbols: ["b+c"]}]', '6:34 value'],
    ['uprobes: [{path: /a, addrs: [1], refCtrOffsets: [1, 2]}]', '6:36 conflict'],
    ['uprobes: [{path: /a, symbols: [b], binaryDigests: ["sha1:0"]}]', '6:54 value'],
    ['kprobes: [{call: f, message: x}]', '6:32 value'],
    ['kprobes: [{call: f, tags: [x]}]', '6:30 value'],
    ['enforcers: [{calls: []}]', '6:16 missing-field'],
    ['enforcers: [{calls: [fd_install]}]', '6:24 value'],
  ] as const)
    assert.deepEqual(problemsOf(spec), [problem], spec);
  assert.deepEqual(problemsOf('enforcers: [{calls: [sys_open, __x64_sys_read, security_file_open]}]'), []);
});

test('options are carried, unknown ones refused', () => {
  const { options } = policyOf(`options:
- {name: disable-kprobe-multi, value: "1"}
- {name: policy-mode, value: monitor}
- {name: override-method, value: fmod-ret}
- {name: sleepable-preload-size, value: "64"}`);
  assert.deepEqual(options, {
    disableKprobeMulti: true,
    disableUprobeMulti: false,
    mode: 'monitor',
    overrideMethod: 'fmod-ret',
    sleepablePreloadSize: 64,
  });
  assert.deepEqual(
    problemsOf(
      'options: [{name: x}, {name: policy-mode, value: monitor}, {name: policy-mode, value: enforce}]',
    ),
    ['6:20 reference', '6:68 duplicate'],
  );
  assert.deepEqual(problemsOf('options: [{name: sleepable-preload-size, value: "0"}]'), ['6:51 value']);
});
