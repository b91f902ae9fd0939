// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { addon, asU64, callGetppid, failure, u32, u64 } from './addon.ts';
import { findGetppid } from './libc.ts';
import { hits, loadSpine, Slot } from './spine.ts';

const bpffs = mkdtempSync(join(tmpdir(), 'merlon-bpffs-'));
const at = (name: string): string => join(bpffs, name);

before(() => addon.mountFs('bpf', bpffs));
after(() => {
  execFileSync('umount', [bpffs]);
  rmdirSync(bpffs);
});

test('a pinned link keeps its program attached after every handle is closed, and is adopted', () => {
  const object = loadSpine('on_tp_btf');
  const program = object.program('on_tp_btf');
  const link = program.attach({ kind: 'trace' });
  const map = object.map('hits');
  const ids = { link: link.info().id, program: program.info().id, map: map.info().id };
  link.pin(at('link'));
  program.pin(at('program'));
  map.pin(at('map'));
  for (const handle of [link, program, map, object]) handle.close();
  callGetppid(3);

  const adopted = addon.BpfMap.openPinned(at('map'));
  assert.equal(adopted.info().id, ids.map);
  assert.equal(hits(adopted, Slot.TpBtf), 3);
  assert.equal(addon.BpfProgram.openPinned(at('program')).info().id, ids.program);
  const adoptedLink = addon.BpfLink.openPinned(at('link'));
  assert.deepEqual(adoptedLink.info(), { id: ids.link, programId: ids.program, type: 1 });
  adoptedLink.detach(); // tracing links end with their last reference: the pin goes too
  assert.equal(existsSync(at('link')), false);
  callGetppid(3);
  assert.equal(hits(adopted, Slot.TpBtf), 3);
});

test('a link that hangs on a perf event stays on when its pinned handle is closed', () => {
  const object = loadSpine('on_uprobe');
  const [path, offset] = findGetppid();
  const program = object.program('on_uprobe');
  const link = program.attach({ kind: 'uprobe', path, offset, pid: process.pid });
  link.pin(at('uprobe'));
  link.close();
  program.close();
  callGetppid(2);
  assert.equal(hits(object.map('hits'), Slot.Uprobe), 2);
  addon.BpfLink.openPinned(at('uprobe')).detach();
  callGetppid(2);
  assert.equal(hits(object.map('hits'), Slot.Uprobe), 2);
});

test('a program opened from its pin attaches as a perf event, and refuses what needs its object', () => {
  const object = loadSpine('on_uprobe');
  object.program('on_uprobe').pin(at('on_uprobe'));
  const program = addon.BpfProgram.openPinned(at('on_uprobe'));
  const [path, offset] = findGetppid();
  const link = program.attach({ kind: 'uprobe', path, offset, pid: process.pid });
  callGetppid(2);
  assert.equal(hits(object.map('hits'), Slot.Uprobe), 2);
  link.close();
  assert.throws(() => program.attach({ kind: 'auto' }), failure('EOPNOTSUPP', /opened from a pin/));
});

test('an adopted program attaches again, also to what needs its attach type', () => {
  const object = loadSpine('on_raw_tp', 'on_lookup');
  object.program('on_raw_tp').pin(at('raw_tp'));
  object.program('on_lookup').pin(at('lookup'));
  const link = addon.BpfProgram.openPinned(at('raw_tp')).attach({ kind: 'rawTracepoint', name: 'sys_enter' });
  callGetppid(2);
  assert.equal(hits(object.map('hits'), Slot.RawTp), 2);
  link.close();

  const SK_LOOKUP = object.programs.find(({ name }) => name === 'on_lookup')?.attachType ?? 0;
  const fd = openSync('/proc/self/ns/net', 'r');
  addon.BpfProgram.openPinned(at('lookup'), SK_LOOKUP).attach({ kind: 'netns', fd }).detach();
  closeSync(fd);
});

test('a reused pinned map carries its contents into the next object', () => {
  const first = loadSpine('on_tp_btf');
  first.map('table').set(u32(7), u64(49n));
  first.map('table').pin(at('table'));
  const second = new addon.BpfObject(new URL('../build/test/spine.bpf.o', import.meta.url).pathname);
  for (const { name } of second.programs) second.setAutoload(name, name === 'on_tp_btf');
  second.reuseMap('table', addon.BpfMap.openPinned(at('table')));
  second.load();
  assert.deepEqual(asU64(second.map('table').get(u32(7)) ?? new Uint8Array()), [49n]);
});

test('pins of another kind, missing and taken paths are refused', () => {
  const map = loadSpine('on_tp_btf').map('table');
  map.pin(at('kind'));
  assert.throws(() => addon.BpfProgram.openPinned(at('kind')), failure('EINVAL', /it is ".*bpf-map/));
  assert.throws(() => addon.BpfLink.openPinned(at('kind')), failure('EINVAL'));
  assert.throws(() => addon.BpfMap.openPinned(at('missing')), failure('ENOENT', /missing"/));
  assert.throws(() => map.pin(at('kind')), failure('EEXIST', /"table" at /));
  assert.throws(() => map.pin('/tmp/no-bpffs'), failure('EPERM'));
});
