// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findCgroup2 } from './probe-cgroup.ts';
import { entryOffset } from './probe-elf.ts';

test('cgroup v2 is found alone, beside v1, and at a path with a space', () => {
  assert.equal(findCgroup2('cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n'), '/sys/fs/cgroup');
  const hybrid =
    'cgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0\ncgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n';
  assert.equal(findCgroup2(hybrid), '/sys/fs/cgroup/unified');
  assert.equal(findCgroup2('none /a\\040b cgroup2 rw 0 0\n'), '/a b');
  assert.equal(findCgroup2('cgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0\n'), undefined);
});

test('the entry point of this executable lies in it; a file that is no executable is refused', () => {
  assert.ok(entryOffset(process.execPath) > 0n);
  assert.throws(() => entryOffset(import.meta.filename), RangeError);
});
