// SPDX-License-Identifier: Apache-2.0
/** Events beside Tetragon's own output: a record that resembles the sample becomes the same JSON, key by key. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { ValueEntry } from '../events/gen/layouts.ts';
import type { Hook, HookTarget } from '../events/hook.ts';
import type { HookValueBytes } from '../events/testing.ts';
import { valueData } from '../events/value-testing.ts';
import { BPF_COMMANDS } from './bpf-names.ts';
import type { ValueSpec } from './hook-testing.ts';
import { dataOf, encodeHook, policyOf, ruleOf, valuesOf } from './hook-testing.ts';

const folder = resolve(import.meta.dirname, '../../../shared/reference/tetragon/samples');
const skip = !existsSync(folder) && '../shared/reference/tetragon/samples is absent';
const NATIVE = process.arch === 'arm64' ? 'arm64' : 'x64';

type Json = Record<string, unknown>;

/** Members that tell of processes; the tests of exec events look at them. */
const PROCESSES = ['process', 'parent', 'ancestors'];

interface Sample {
  readonly type: string;
  readonly body: Json;
}

function readSamples(file: string): Sample[] {
  return readFileSync(join(folder, file), 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const event = JSON.parse(line) as Record<string, Json>;
      const type = Object.keys(event).find((name) => name.startsWith('process_')) ?? '';
      return { type, body: event[type] ?? {} };
    });
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const count = (value: unknown): number => Number(value ?? 0);
const idOf = (names: readonly (string | undefined)[], name: unknown): number =>
  Math.max(0, names.indexOf(text(name)));

/** A value that shows as this argument. */
function specOf(argument: Json): ValueSpec {
  const [[key, value] = ['', undefined]] = Object.entries(argument).filter(([name]) => name !== 'label');
  const member = (name: string): unknown => (value as Json)[name];
  switch (key) {
    case 'int_arg':
      return { form: 'number', type: 'int', data: valueData.number(count(value)) };
    case 'uint_arg':
      return { form: 'number', type: 'uint32', data: valueData.number(count(value)) };
    case 'size_arg':
      return { form: 'number', type: 'uint64', data: valueData.number(BigInt(text(value))) };
    case 'string_arg':
      return { form: 'string', type: 'string', data: valueData.bytes(text(value)) };
    case 'syscall_id':
      return { form: 'number', type: 'syscall64', data: valueData.number(count(member('id'))) };
    case 'file_arg':
    case 'linux_binprm_arg': {
      const mode = modeOf(text(member('permission')));
      const type = key === 'file_arg' ? 'file' : 'linux_binprm';
      return { form: 'path', type, data: valueData.path(text(member('path')), { mode }) };
    }
    case 'sock_arg':
      return { form: 'sock', type: 'sock', data: sockOf(value as Json) };
    case 'bpf_attr_arg': {
      const type = idOf([undefined, 'BPF_PROG_TYPE_SOCKET_FILTER'], member('ProgType'));
      const data = { type, instructions: count(member('InsnCnt')), name: text(member('ProgName')) };
      return { form: 'bpf', type: 'bpf_attr', data: valueData.bpf(data) };
    }
    case 'bpf_map_arg': {
      const data = {
        type: idOf([undefined, 'BPF_MAP_TYPE_HASH', 'BPF_MAP_TYPE_ARRAY'], member('MapType')),
        keySize: count(member('KeySize')),
        valueSize: count(member('ValueSize')),
        maxEntries: count(member('MaxEntries')),
        name: text(member('MapName')),
      };
      return { form: 'bpf', type: 'bpf_map', data: valueData.bpf(data) };
    }
    case 'bpf_cmd_arg':
      return { form: 'number', type: 'bpf_cmd', data: valueData.number(idOf(BPF_COMMANDS, value)) };
    default:
      throw new Error(`A sample has an argument that this test cannot make: ${key}`);
  }
}

function modeOf(permission: string): number {
  const type = permission.length === 10 ? 0o100000 : 0;
  return (
    Array.from(permission.slice(-9)).reduce((mode, letter) => (mode << 1) | (letter === '-' ? 0 : 1), 0) |
    type
  );
}

function sockOf(sock: Json): Uint8Array {
  const states = [undefined, 'TCP_ESTABLISHED', 'TCP_SYN_SENT', 'TCP_SYN_RECV'];
  return valueData.sock({
    source: text(sock.saddr),
    destination: text(sock.daddr),
    sourcePort: count(sock.sport),
    destinationPort: count(sock.dport),
    cookie: BigInt(text(sock.cookie) || '0'),
    mark: count(sock.mark),
    priority: count(sock.priority),
    state: idOf(states, sock.state),
  });
}

function targetOf({ type, body }: Sample): HookTarget {
  switch (type) {
    case 'process_kprobe':
      return { kind: 'kprobe', functionName: text(body.function_name) };
    case 'process_lsm':
      return { kind: 'lsm', functionName: text(body.function_name) };
    case 'process_tracepoint':
      return { kind: 'tracepoint', subsystem: text(body.subsys), event: text(body.event) };
    case 'process_uprobe': {
      const { path, symbol } = body;
      return { kind: 'uprobe', path: text(path), symbol: text(symbol), offset: 0n, refCtrOffset: 0n };
    }
    case 'process_loader':
      return { kind: 'loader' };
    default:
      throw new Error(`A sample is of a type that this test does not know: ${type}`);
  }
}

/** The hook whose record makes the sample's event; undefined for the sample of a hook that was gone. */
function hookOf(sample: Sample): { hook: Hook | undefined; values: HookValueBytes[]; frames: Json[] } {
  const { type, body } = sample;
  const frames = (body.kernel_stack_trace ?? []) as Json[];
  if (body.subsys === 'UNKNOWN') return { hook: undefined, values: [], frames };
  const args =
    type === 'process_loader'
      ? [
          { form: 'path', type: 'path', data: valueData.path(text(body.path)) } as const,
          { form: 'bytes', type: 'char_buf', data: Buffer.from(text(body.buildid), 'base64') } as const,
        ]
      : ((body.args ?? []) as Json[]).map(specOf);
  const returned = body.return === undefined ? [] : [specOf(body.return as Json)];
  const specs = [...args, ...returned];
  const action = text(body.action).replace('KPROBE_ACTION_', '') || 'POST';
  const policy = policyOf({
    name: text(body.policy_name),
    message: text(body.message),
    tags: (body.tags ?? []) as string[],
    rules: [ruleOf({ action, kernelStack: frames.length > 0 })],
    args: args.map((_, index) => index),
    returnValue: returned.length > 0 ? { entry: args.length, label: undefined } : undefined,
  });
  const addresses = frames.map((_, index) => BigInt(index + 1));
  const stack = { entry: ValueEntry.VALUE_KERNEL_STACK, data: valueData.stack(...addresses), flags: 0 };
  return {
    hook: { id: 1, target: targetOf(sample), values: valuesOf(specs), policies: [policy] },
    values: [...dataOf(specs), ...(frames.length > 0 ? [stack] : [])],
    frames,
  };
}

function encodeLike(sample: Sample): { type: string; body: Json } {
  const { hook, values, frames } = hookOf(sample);
  const kinds = ['kprobe', 'lsm', 'tracepoint', 'uprobe', 'usdt', 'loader'] as const;
  const { events } = encodeHook(
    hook,
    { values },
    {
      ancestors: new Set(sample.body.ancestors === undefined ? [] : kinds),
      findFrame: (address) => {
        const { symbol, offset } = frames[Number(address) - 1] ?? {};
        return { symbol: text(symbol), offset: BigInt(text(offset)), module: '', buildId: '' };
      },
    },
  );
  const [event] = events;
  assert.equal(events.length, 1);
  const type = Object.keys(event ?? {})[0] ?? '';
  return { type, body: (event?.[type] ?? {}) as Json };
}

/** Keeps the places of processes and forgets what they are. */
function withoutProcesses(body: Json): Json {
  return Object.fromEntries(
    Object.entries(body).map(([key, value]) => [key, PROCESSES.includes(key) ? key : value]),
  );
}

if (skip !== false) test('samples of Tetragon’s output', { skip });

for (const file of skip === false ? readdirSync(folder).sort() : []) {
  if (!/^process_(?!exec|exit).*\.json$/.test(file)) continue;
  test(`${file}: the same keys in the same order with the same values`, () => {
    for (const sample of readSamples(file)) {
      const { type, body } = encodeLike(sample);
      assert.equal(type, sample.type);
      assert.equal(
        JSON.stringify(withoutProcesses(body)).replaceAll(`"abi":"${NATIVE}"`, '"abi":"x64"'),
        JSON.stringify(withoutProcesses(sample.body)),
      );
    }
  });
}
