// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { addon, asU64, failure, TestError, u32, u64 } from './addon.ts';
import { compile } from './compile.ts';
import { loadSpine, openSpine } from './spine.ts';

/** The error of loading refused.bpf.o with one program only. */
function refusal(program: string): TestError {
  const object = new addon.BpfObject(compile('refused'));
  for (const { name } of object.programs) object.setAutoload(name, name === program);
  try {
    object.load();
  } catch (error) {
    if (error instanceof TestError) return error;
    throw error;
  }
  throw new Error('It loaded');
}

test('an object tells its programs and maps before anything is loaded', () => {
  const object = openSpine();
  const program = object.programs.find(({ name }) => name === 'on_tp_btf');
  assert.deepEqual(program, {
    ...{ name: 'on_tp_btf', section: 'tp_btf/sys_enter', type: 26, typeName: 'tracing' },
    ...{ attachType: 23, autoload: false },
  });
  const map = object.maps.find(({ name }) => name === 'hits');
  assert.deepEqual(map, { name: 'hits', type: 2, keySize: 4, valueSize: 8, maxEntries: 8, flags: 1024 });
  assert.throws(() => object.map('hits'), failure('EBADF', /before it is created/));
  assert.throws(() => object.program('on_tp_btf'), failure('EBADF', /before it is loaded/));
  object.close();
  assert.throws(() => object.programs, failure('EBADF', /closed object/));
});

test('sections that libbpf 1.1 does not know get their type', () => {
  const program = openSpine().programs.find(({ name }) => name === 'on_uprobe_multi');
  assert.equal(program?.typeName, 'kprobe');
  assert.equal(program.attachType, 48);
});

test('files that are no objects are refused when they are opened', () => {
  assert.throws(() => new addon.BpfObject('/nonexistent.bpf.o'), failure('ENOENT'));
  const path = join(tmpdir(), `merlon-test-${process.pid}.o`);
  writeFileSync(path, 'no ELF');
  assert.throws(() => new addon.BpfObject(path), failure('', /not a proper ELF object/));
  unlinkSync(path);
});

test('globals are set by name and size, and only before load', () => {
  const object = openSpine('on_tp_btf');
  object.setGlobal('data_counter', u64(42n));
  assert.throws(() => object.setGlobal('data_counter', u32(1)), failure('EINVAL', /it has 8 bytes, not 4/));
  assert.throws(() => object.setGlobal('no_such_global', u32(1)), failure('ENOENT', /"no_such_global"/));
  object.load();
  assert.throws(() => object.setGlobal('data_counter', u64(1n)), failure('EBUSY'));
  const data = object.map('spine.data').get(u32(0));
  assert.ok(data);
  assert.deepEqual(asU64(data), [42n]);
});

test('maps change their shape, are left out, and are shared between objects', () => {
  const first = openSpine('on_tp_btf');
  first.setMap('table', { maxEntries: 5, valueSize: 16 });
  first.setMap('per_cpu', { autocreate: false });
  first.load();
  const table = first.map('table');
  assert.deepEqual(
    { ...table.info(), id: 0, memoryBytes: 0 },
    {
      ...{ name: 'table', type: 1, keySize: 4, valueSize: 16, maxEntries: 5, flags: 0 },
      ...{ id: 0, memoryBytes: 0 },
    },
  );
  assert.ok(table.info().memoryBytes >= 5 * 20);
  assert.throws(() => first.map('per_cpu'), failure('EBADF'));
  assert.throws(() => first.setMap('table', { maxEntries: 6 }), failure('EBUSY', /"maxEntries"/));

  const second = openSpine('on_tp_btf');
  second.reuseMap('hits', first.map('hits'));
  second.load();
  assert.equal(second.map('hits').info().id, first.map('hits').info().id);
  const third = openSpine('on_tp_btf');
  assert.throws(() => third.reuseMap('hits', table), failure('EINVAL', /differs/));
});

test('a load error names the program, the errno and the reason from the verifier', () => {
  const error = refusal('no_check');
  assert.match(
    error.message,
    /^Cannot load the program "no_check" of ".*refused\.bpf\.o": Permission denied$/,
  );
  assert.equal(error.detail.code, 'ERR_BPF_LOAD');
  assert.equal(error.detail.errnoName, 'EACCES');
  assert.equal(error.detail.program, 'no_check');
  const lines = error.detail.verifierLog?.split('\n') ?? [];
  assert.match(lines.at(-1) ?? '', /invalid mem access/);
  assert.ok(lines.length > 1 && lines.length <= 24, 'some instructions before it, not the whole log');
});

test('a load error without a verifier log says what libbpf says', () => {
  const error = refusal('no_target');
  assert.equal(error.detail.program, 'no_target');
  assert.equal(error.detail.verifierLog, undefined);
  assert.match(error.message, /merlon_has_no_such_tracepoint/);
});

test('a map that cannot be created is named', () => {
  const object = openSpine('on_tp_btf');
  object.setMap('table', { maxEntries: 0xffffffff });
  assert.throws(
    () => object.load(),
    (error) => error instanceof TestError && error.detail.map === 'table',
  );
});

test('programs and maps of an object outlive it', () => {
  const object = loadSpine('on_tp_btf');
  const program = object.program('on_tp_btf');
  const map = object.map('hits');
  object.close();
  assert.equal(program.info().name, 'on_tp_btf');
  const link = program.attach({ kind: 'auto' });
  assert.equal(link.info().programId, program.info().id);
  link.close();
  assert.equal(map.info().maxEntries, 8);
  program.close();
  assert.throws(() => program.info(), failure('EBADF', /"on_tp_btf"/));
});

test('wrong types are refused, not interpreted', () => {
  const object = openSpine();
  const untyped = object as unknown as Record<string, (...values: unknown[]) => unknown>;
  assert.throws(() => untyped['setGlobal']?.('only_tgid', 'text'), TypeError);
  assert.throws(() => untyped['setMap']?.('table', { maxEntries: -1 }), TypeError);
  assert.throws(() => untyped['reuseMap']?.('table', {}), TypeError);
  assert.throws(() => untyped['program']?.('with\0nul'), TypeError);
  assert.throws(() => new (addon.BpfMap as unknown as new () => unknown)(), TypeError);
});
