// SPDX-License-Identifier: Apache-2.0
// What `host_ns` in a policy means: the namespaces of the host's process 1.
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { test } from 'node:test';
import { readHostNamespaces } from '../../src/sensor/host-namespaces.ts';
import { requires } from './support/requirements.ts';

const FILES = [
  ...['uts', 'ipc', 'mnt', 'pid', 'pid_for_children', 'net', 'time', 'time_for_children', 'cgroup', 'user'],
];

test('the kernel names the namespaces that /proc/1 shows', { skip: requires('root', 'btf', 'guest') }, () => {
  assert.deepEqual(
    readHostNamespaces(),
    FILES.map((name) => statSync(`/proc/1/ns/${name}`).ino),
  );
});
