// SPDX-License-Identifier: Apache-2.0
/** Every event of a policy's hook survives the way of a gRPC client: JSON → message → bytes → message → JSON. */
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import type { JsonValue } from '@bufbuild/protobuf';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BPF_COMMANDS } from '../encode/bpf-names.ts';
import { formatCompact } from '../encode/compact.ts';
import type { ValueSpec } from '../encode/hook-testing.ts';
import { dataOf, encodeHook, hookOf, policyOf, ruleOf } from '../encode/hook-testing.ts';
import { ValueEntry, ValueFlag, ValueVerdict } from '../events/gen/layouts.ts';
import type { HookTarget } from '../events/hook.ts';
import { valueData } from '../events/value-testing.ts';
import { fromExportForm, toExportForm } from './export-form.ts';
import { BpfCmdSchema } from './gen/tetragon/bpf_pb.js';
import { GetEventsResponseSchema } from './gen/tetragon/events_pb.js';
import { KprobeArgumentSchema, TaintedBitsTypeSchema } from './gen/tetragon/tetragon_pb.js';

function roundTrip(json: JsonValue): JsonValue {
  const bytes = toBinary(GetEventsResponseSchema, fromExportForm(GetEventsResponseSchema, json));
  return toExportForm(GetEventsResponseSchema, fromBinary(GetEventsResponseSchema, bytes));
}

const number = (type: string, value: bigint): ValueSpec => ({
  ...{ form: 'number', type, signed: true },
  data: valueData.number(value),
});
const { VALUE_TRUNCATED, VALUE_UNREADABLE } = ValueFlag;
const bytes = valueData.bytes('a\xff');

/** A value for each variant of KprobeArgument, some with what is unusual in them. */
const VALUES: readonly ValueSpec[] = [
  ...[
    number('int', -1n),
    number('uint32', 0xffff_ffffn),
    number('long', -(1n << 63n)),
    number('uint64', -1n),
  ],
  ...[number('capability', 12n), number('capability', 500n), number('kernel_cap_t', 1n)],
  ...[number('cap_inheritable', 1n), number('cap_permitted', 1n), number('cap_effective', 1n)],
  ...[number('bpf_cmd', 5n), number('bpf_cmd', 99n), number('syscall64', 0n), number('syscall64', 59n)],
  { form: 'string', type: 'string', data: Buffer.from([0xff, 0x22, 0x0a, 0xc3, 0xbc]) },
  { form: 'string', type: 'net_device', data: valueData.bytes('lo') },
  { form: 'bytes', type: 'char_buf', data: bytes },
  { form: 'bytes', type: 'char_buf', data: bytes, flags: VALUE_TRUNCATED },
  { form: 'path', type: 'file', data: valueData.path('/x', { mode: 0 }), flags: VALUE_TRUNCATED },
  { form: 'path', type: 'path', data: valueData.path('/y') },
  { form: 'path', type: 'linux_binprm', data: valueData.path('') },
  { form: 'sock', type: 'sock', data: valueData.sock({ mark: 0xffff_ffff, cookie: (1n << 64n) - 1n }) },
  { form: 'sock', type: 'skb', data: valueData.sock({ family: 1 }) },
  { form: 'sockaddr', type: 'sockaddr', data: valueData.sockaddr(10, '::1', 65535) },
  { form: 'sockaddr_un', type: 'sockaddr_un', data: valueData.sockaddrUn('\0x') },
  { form: 'cred', type: 'cred', data: valueData.cred({ capPermitted: (1n << 64n) - 1n, securebits: 0xff }) },
  { form: 'user_namespace', type: 'user_namespace', data: valueData.userNamespace(3, 1, 2, 0) },
  { form: 'bpf', type: 'bpf_attr', data: valueData.bpf({ type: 3, name: 'n\x01' }) },
  { form: 'bpf', type: 'bpf_map', data: valueData.bpf({ type: 3, keySize: -1 }) },
  { form: 'bpf', type: 'bpf_prog', data: valueData.bpf({ type: 3 }) },
  { form: 'perf_event', type: 'perf_event', data: valueData.perfEvent(2, 1n << 63n, 8n, 'f') },
  { form: 'module', type: 'load_info', data: valueData.module('m', 1, (1n << 64n) - 1n) },
  { form: 'number', type: 'int', data: new Uint8Array(), flags: VALUE_UNREADABLE },
];

const KINDS: readonly HookTarget[] = [
  { kind: 'kprobe', functionName: 'f' },
  { kind: 'lsm', functionName: 'file_open' },
  { kind: 'tracepoint', subsystem: 'syscalls', event: 'sys_enter_openat' },
  { kind: 'uprobe', path: '/bin/sh', symbol: 'main', offset: 1n << 63n, refCtrOffset: 3n },
  { kind: 'usdt', path: '/bin/sh', provider: 'p', name: 'n' },
];

const kernelStack = { entry: ValueEntry.VALUE_KERNEL_STACK, data: valueData.stack(1n, 2n) };
const userStack = { entry: ValueEntry.VALUE_USER_STACK, data: valueData.stack(3n, 4n) };
const imaHash = { entry: ValueEntry.VALUE_IMA_HASH, data: valueData.imaHash(4, Buffer.alloc(32)) };
const owner = { entry: ValueEntry.VALUE_SOCK_OWNER, data: valueData.sockOwner(7, 70n, 21) };
const size = { entry: ValueEntry.VALUE_SIZE, data: valueData.size(1n << 40n, 17) };

function eventsOf(target: HookTarget) {
  const rules = [ruleOf({ label: 'l', kernelStack: true, userStack: true, imaHash: true })];
  const isProbe = target.kind === 'kprobe' || target.kind === 'uprobe';
  const policy = {
    ...policyOf({ namespace: 'ns', message: 'm', tags: ['t'], rules }),
    args: VALUES.map((_, entry) => ({ entry, label: entry % 2 === 0 ? undefined : `label ${entry}` })),
    data: isProbe ? [{ entry: 0, label: 'd' }] : [],
    returnValue: isProbe ? { entry: 1, label: undefined } : undefined,
  };
  const values = [...dataOf(VALUES), kernelStack, userStack, imaHash, owner, size];
  return encodeHook(
    hookOf(target, VALUES, [policy]),
    { values, tid: 101 },
    {
      stackAddresses: true,
      ancestors: new Set([target.kind]),
      findFrame: (address) =>
        address % 2n === 0n
          ? undefined
          : { symbol: '', offset: (1n << 64n) - 1n, module: 'm', buildId: 'ab' },
    },
  ).events;
}

for (const target of KINDS) {
  test(`process_${target.kind} with every variant of an argument`, () => {
    const [event] = eventsOf(target);
    assert.ok(event !== undefined);
    assert.deepEqual(roundTrip(event as JsonValue), event);
    assert.ok(formatCompact(event, { color: false }).length > 0);
  });
}

test('data of any bytes and lengths become events that fit the schema', () => {
  let state = 11;
  const next = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return (state >>> 8) % below;
  };
  const policy = policyOf({ args: VALUES.map((_, entry) => entry) });
  const hook = hookOf({ kind: 'kprobe', functionName: 'f' }, VALUES, [policy]);
  for (let run = 0; run < 300; run++) {
    const values = VALUES.map(({ data }, entry) => {
      const length = next(4) === 0 ? next(100) : data.length + next(9);
      return {
        entry,
        flags: next(3) === 0 ? next(8) : 0,
        data: Uint8Array.from({ length }, () => next(256)),
      };
    });
    const [event] = encodeHook(hook, { values }).events;
    assert.ok(event !== undefined);
    assert.deepEqual(roundTrip(event as JsonValue), event, `run ${run}`);
    assert.doesNotMatch(formatCompact(event, { color: false }), /[\x00-\x1f\x7f-\x9f]/);
  }
});

test('data of zeros', () => {
  const args = VALUES.map((_, entry) => entry);
  const hook = hookOf({ kind: 'kprobe', functionName: 'f' }, VALUES, [policyOf({ args })]);
  const values = VALUES.map(({ data }, entry) => ({ entry, data: new Uint8Array(data.length) }));
  const [event] = encodeHook(hook, { values }).events;
  assert.ok(event !== undefined);
  assert.deepEqual(roundTrip(event as JsonValue), event);
});

test('process_loader, and a hook that is gone', () => {
  const specs: ValueSpec[] = [
    { form: 'path', type: 'path', data: valueData.path('/lib/x') },
    { form: 'bytes', type: 'char_buf', data: Buffer.from('00ff', 'hex') },
  ];
  const loaded = encodeHook(hookOf({ kind: 'loader' }, specs), { values: dataOf(specs) }).events;
  const gone = encodeHook(undefined, {}).events;
  for (const event of [...loaded, ...gone]) assert.deepEqual(roundTrip(event as JsonValue), event);
  assert.equal(loaded.length + gone.length, 2);
});

test('what a rule did', () => {
  const [RULE, KILL] = [0, 9];
  const data = new Uint8Array(ValueVerdict.sizeof + 2 * 8);
  const view = new DataView(data.buffer);
  view.setBigUint64(ValueVerdict.signals, 1n << BigInt(KILL - 1), true);
  view.setBigUint64(ValueVerdict.unsent, 1n << BigInt(KILL - 1), true);
  view.setBigUint64(ValueVerdict.sizeof, 1n << BigInt(RULE), true);
  const enforcement = { error: -1, signal: KILL, rung: 'lsm' } as const;
  const policies = [policyOf({ rules: [ruleOf({ enforcement })] })];
  const values = [{ entry: ValueEntry.VALUE_VERDICT, data }];
  const [event] = encodeHook(hookOf({ kind: 'lsm', functionName: 'file_open' }, [], policies), {
    values,
  }).events;
  assert.ok(event !== undefined);
  const { ancestry: _, ...merlon } = event.merlon;
  assert.deepEqual(merlon, {
    verdict: 'denied',
    rung: 'lsm',
    error: -1,
    signal: 'SIGKILL',
    signal_refused: true,
  });
  assert.deepEqual(roundTrip(event as JsonValue), event);
});

test('the values above are all variants that are made, and all names are those of the schema', () => {
  const made = new Set<string>();
  const [event] = eventsOf({ kind: 'kprobe', functionName: 'f' });
  for (const argument of (event?.process_kprobe as { args: object[] }).args)
    for (const key of Object.keys(argument)) made.add(key);
  const names = KprobeArgumentSchema.fields.map(({ name }) => name);
  // Deprecated in Tetragon, which makes process_credentials_arg and user_ns_arg in their place.
  const replaced = ['cred_arg', 'user_namespace_arg'];
  assert.deepEqual([...made].sort(), names.filter((name) => !replaced.includes(name)).sort());
  assert.deepEqual(
    BPF_COMMANDS,
    BpfCmdSchema.values.map(({ name }) => name),
  );
  const taints = TaintedBitsTypeSchema.values
    .map(({ name }) => name)
    .filter((name) => name !== 'TAINT_UNSET');
  const shown = JSON.stringify(event);
  for (const name of taints) assert.ok(shown.includes(name), name);
});
