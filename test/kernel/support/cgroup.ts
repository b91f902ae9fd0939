// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';

/** Where the cgroup v2 hierarchy is mounted: alone, or beside v1 hierarchies. */
export function cgroupMount(): string {
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
  const [, target] = mounts.find((line) => line.split(' ')[2] === 'cgroup2')?.split(' ') ?? [];
  if (target === undefined) throw new Error('No cgroup2 filesystem is mounted');
  return target;
}
