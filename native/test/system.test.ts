// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { addon, failure } from './addon.ts';

const directory = mkdtempSync(join(tmpdir(), 'merlon-system-'));
after(() => rmSync(directory, { recursive: true }));

test('the peer of a socket is known', async () => {
  const path = join(directory, 'socket');
  const credentials = await new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      const { fd } = (socket as unknown as { _handle: { fd: number } })._handle;
      resolve(addon.peerCredentials(fd));
      socket.destroy();
      server.close();
    });
    server.listen(path, () => connect(path).on('error', reject).resume());
  });
  assert.deepEqual(credentials, { pid: process.pid, uid: process.getuid?.(), gid: process.getgid?.() });
  assert.throws(() => addon.peerCredentials(1 << 20), failure('EBADF'));
});

test('a lock has one holder, and closing releases it', () => {
  const path = join(directory, 'lock');
  const first = addon.lockFile(path);
  assert.ok(first !== undefined);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(addon.lockFile(path), undefined);
  const other = `const { addon } = await import('./addon.ts'); console.log(addon.lockFile('${path}'))`;
  const child = (): string =>
    execFileSync(process.execPath, ['--input-type=module', '-e', other], {
      cwd: import.meta.dirname,
      encoding: 'utf8',
    });
  assert.equal(child(), 'undefined\n');
  closeSync(first);
  assert.match(child(), /^\d+\n$/);
  assert.throws(() => addon.lockFile('/nonexistent/lock'), failure('ENOENT', /"\/nonexistent\/lock"/));
});

test('clocks agree with those of the kernel', () => {
  const before = BigInt(Date.now() - 1) * 1_000_000n;
  const now = addon.clockRealtimeNs();
  assert.ok(now >= before && now <= BigInt(Date.now() + 1) * 1_000_000n);
  const uptime = (): number => Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);
  const low = uptime() - 0.01;
  const boottime = Number(addon.clockBoottimeNs()) / 1e9;
  assert.ok(boottime >= low && boottime <= uptime() + 0.01);
});

test('a pidfd names a living process', () => {
  closeSync(addon.pidfdOpen(process.pid));
  assert.throws(() => addon.pidfdOpen(0x3fffffff), failure('ESRCH', /process 1073741823/));
});

test('a thread is restricted to CPUs', () => {
  // In a child: the restriction would stay with this process.
  const code = `
    const { addon } = await import('./addon.ts');
    addon.pinToCpus([0]);
    console.log((await import('node:fs')).readFileSync('/proc/thread-self/status', 'utf8').match(/Cpus_allowed_list:\\s*(.*)/)[1]);`;
  const options = { cwd: import.meta.dirname, encoding: 'utf8' } as const;
  assert.equal(execFileSync(process.execPath, ['--input-type=module', '-e', code], options), '0\n');
  assert.throws(() => addon.pinToCpus([]), failure('EINVAL'));
  assert.throws(() => addon.pinToCpus([4096]), failure('EINVAL', /CPU 4096/));
});

test('probes tell what this kernel has', () => {
  const SOCKET_FILTER = 1;
  const TRACING = 26;
  const RINGBUF = 27;
  assert.equal(addon.probeProgramType(SOCKET_FILTER), true);
  assert.throws(() => addon.probeProgramType(999), failure('EOPNOTSUPP'));
  assert.equal(addon.probeMapType(RINGBUF), true);
  assert.throws(() => addon.probeMapType(999), failure('EOPNOTSUPP'));
  const MAP_LOOKUP_ELEM = 1;
  const OVERRIDE_RETURN = 58;
  assert.equal(addon.probeHelper(SOCKET_FILTER, MAP_LOOKUP_ELEM), true);
  assert.equal(addon.probeHelper(SOCKET_FILTER, OVERRIDE_RETURN), false);
  assert.throws(() => addon.probeHelper(TRACING, MAP_LOOKUP_ELEM), failure('EOPNOTSUPP'));
  assert.match(addon.libbpfVersion(), /^\d+\.\d+/);
  const last = Number(readFileSync('/sys/devices/system/cpu/possible', 'utf8').trim().split('-').at(-1));
  assert.equal(addon.possibleCpus(), last + 1);
});

test('kernel symbols', () => {
  const symbols = addon.findKernelSymbols(['do_exit', 'merlon_no_such_symbol']);
  assert.equal(symbols.length, 1);
  assert.equal(symbols[0]?.name, 'do_exit');
  assert.equal(symbols[0].type.toLowerCase(), 't');
  assert.equal(symbols[0].module, '');
  assert.ok(symbols[0].address > 1n << 63n);
});

test('a mount that fails says what and where', () => {
  assert.throws(
    () => addon.mountFs('bpf', join(directory, 'missing')),
    failure('ENOENT', /mount bpf on ".*missing"/),
  );
  assert.throws(() => addon.mountFs('merlonfs', directory), failure('ENODEV'));
});
