// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExecFlag } from '../events/gen/layouts.ts';
import type { ExecRecord } from '../events/record.ts';
import { execRecord, exitRecord } from '../process/testing.ts';
import type { JsonOptions } from './json.ts';
import type { Line } from './json-testing.ts';
import { encode } from './json-testing.ts';

function encodeExec(
  changes: Partial<Omit<ExecRecord, 'args' | 'path'>> & { path?: string; args?: string | Uint8Array },
  options: Partial<JsonOptions> = {},
): Line {
  const record = execRecord({
    tgid: 101,
    startTime: 2000n,
    parent: { tgid: 100, imageTime: 1100n },
    ...changes,
  });
  return encode(options, (tracker) => tracker.exec(record))[0] as Line;
}

test('an exec in Tetragon’s form, with the ancestry under merlon', () => {
  const line = encodeExec({ path: '/bin/ls', args: 'ls\0-l\0/tmp\0', flags: ExecFlag.EXEC_AFTER_FORK });
  assert.deepEqual(line.process_exec?.process, {
    exec_id: Buffer.from('node:2100:101').toString('base64'),
    pid: 101,
    uid: 0,
    cwd: '/',
    binary: '/bin/ls',
    arguments: '-l /tmp',
    flags: 'execve rootcwd clone',
    start_time: '2023-11-14T22:13:20.000002100Z',
    auid: 4294967295,
    parent_exec_id: Buffer.from('node:1100:100').toString('base64'),
    tid: 101,
    in_init_tree: false,
  });
  assert.equal(line.process_exec.parent.binary, '/bin/sh');
  assert.equal(line.node_name, 'node');
  assert.equal(line.time, '2023-11-14T22:13:20.000002100Z');
  assert.deepEqual(
    line.merlon.ancestry.map(({ pid, binary }) => [pid, binary]),
    [
      [100, '/bin/sh'],
      [1, '/sbin/init'],
    ],
  );
  assert.deepEqual(line.merlon.argv, ['ls', '-l', '/tmp']);
});

test('arguments of every kind survive', () => {
  const argv = ['sh', '', 'a b', 'line\nbreak', 'quote"', '\u0001\u001b[31m', 'ü€😀', '\u2028'];
  const line = encodeExec({ args: argv.map((argument) => `${argument}\0`).join('') });
  assert.deepEqual(line.merlon.argv, argv);
  assert.equal(line.merlon.argv_bytes, undefined);
  assert.equal(
    line.process_exec?.process.arguments,
    ` "a b" line\nbreak quote" \u0001\u001b[31m ü€😀 \u2028`,
  );
});

test('arguments that are no UTF-8 are kept byte by byte', () => {
  const bytes = Buffer.from([0x61, 0, 0xff, 0xfe, 0]);
  const line = encodeExec({ args: bytes });
  assert.deepEqual(line.merlon.argv, ['a', '\ufffd\ufffd']);
  assert.equal(line.merlon.argv_bytes, bytes.toString('base64'));
});

test('what is cut or unreadable is named', () => {
  const flags = ExecFlag.EXEC_ARGS_TRUNCATED | ExecFlag.EXEC_CWD_TRUNCATED | ExecFlag.EXEC_ENV_UNREADABLE;
  const line = encodeExec({ flags });
  assert.deepEqual(line.merlon.truncated, ['process.cwd', 'process.arguments']);
  assert.deepEqual(line.merlon.unreadable, ['process.environment_variables']);
  assert.match(String(line.process_exec?.process.flags), /truncArgs/);
});

test('privileges that the binary gave, and a binary without a name, show in binary_properties', () => {
  const flags = ExecFlag.EXEC_SETUID | ExecFlag.EXEC_ANONYMOUS;
  const line = encodeExec({ flags, inodeLinks: 0, path: '/memfd:x' });
  assert.deepEqual(line.process_exec?.process.binary_properties, {
    setuid: 0,
    privileges_changed: ['PRIVILEGES_RAISED_EXEC_FILE_SETUID'],
    file: { inode: { number: '42', links: 0 }, path: '/memfd:x' },
  });
  assert.deepEqual(line.merlon.file, { inode: '42', device: '8:1', mount_id: 29, anonymous: true });
});

test('credentials, namespaces, environment and cluster appear when asked for', () => {
  const env = Buffer.from('A=1\0B=x=y\0C\0');
  const wanted = { credentials: true, namespaces: true, environment: true, clusterName: 'c"1' };
  const line = encodeExec({ env }, wanted);
  const { cap, ns, process_credentials, environment_variables } = line.process_exec?.process as {
    cap: { permitted: string[] };
    ns: { pid: object };
    process_credentials: { fsgid: number };
    environment_variables: object[];
  };
  assert.equal(cap.permitted.length, 41);
  assert.deepEqual(ns.pid, { inum: 0xefff_fff4, is_host: true });
  assert.equal(process_credentials.fsgid, 0);
  assert.deepEqual(environment_variables, [
    { Key: 'A', Value: '1' },
    { Key: 'B', Value: 'x=y' },
    { Key: 'C' },
  ]);
  assert.equal(line.cluster_name, 'c"1');
});

test('Tetragon’s ancestors begin beyond the parent', () => {
  const line = encodeExec({}, { ancestors: true });
  assert.deepEqual(
    line.process_exec?.ancestors?.map(({ pid }) => pid),
    [1],
  );
});

test('exits carry status, signal and core', () => {
  const exit = (code: number): Line =>
    encode({}, (tracker) => tracker.exit(exitRecord(100, 1000n, 1100n, code)))[0] as Line;
  assert.deepEqual([exit(0).process_exit?.status, exit(0).process_exit?.signal], [undefined, undefined]);
  assert.equal(exit(255 << 8).process_exit?.status, 255);
  assert.equal(exit(9).process_exit?.signal, 'SIGKILL');
  assert.equal(exit(9).merlon.core_dumped, undefined);
  assert.deepEqual(
    [exit(11 | 0x80).process_exit?.signal, exit(11 | 0x80).merlon.core_dumped],
    ['SIGSEGV', true],
  );
});

test('a gap says where, how many and between which times', () => {
  const gap = { lane: 0, cpu: 3, lost: 12, from: 5n, to: 9n };
  const [line] = encode({}, (_, encoder) => encoder.append({ kind: 'gap', lane: 'lifecycle', gap }));
  assert.deepEqual(line?.merlon_gap, {
    lane: 'lifecycle',
    cpu: 3,
    lost: '12',
    from: '2023-11-14T22:13:20.000000005Z',
    to: '2023-11-14T22:13:20.000000009Z',
  });
});

test('an unknown process has its identity and says why it has no more', () => {
  const [line] = encode({}, (tracker) => tracker.exit(exitRecord(777, 5000n, 0n)));
  assert.deepEqual(line?.process_exit?.process, {
    exec_id: Buffer.from('node:5000:777').toString('base64'),
    pid: 777,
    tid: 777,
  });
  assert.equal(line.merlon.enrichment, 'process_unknown');
});
