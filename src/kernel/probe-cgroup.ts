// SPDX-License-Identifier: Apache-2.0
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';

const PREFIX = 'merlon-probe-';

/** Where the cgroup v2 hierarchy is mounted, also beside v1 hierarchies; undefined when it is not. */
export function findCgroup2(mounts = readFileSync('/proc/self/mounts', 'utf8')): string | undefined {
  for (const line of mounts.split('\n')) {
    const [, directory, type] = line.split(' ');
    // Spaces and the like are octal there (fs/proc_namespace.c, mangle()).
    if (type === 'cgroup2')
      return directory?.replace(/\\([0-7]{3})/g, (_, code: string) =>
        String.fromCharCode(Number.parseInt(code, 8)),
      );
  }
  return undefined;
}

/** Calls with a descriptor of a new, empty cgroup and removes it afterwards. Returns why it was not called, if so. */
export function withProbeCgroup(use: (fd: number) => void): string | undefined {
  const root = findCgroup2();
  if (root === undefined) return 'no cgroup v2 hierarchy is mounted';
  removeLeftOver(root);
  const directory = join(root, `${PREFIX}${process.pid}`);
  try {
    mkdirSync(directory);
  } catch (error) {
    // A container often sees the hierarchy read-only.
    return `no cgroup can be made in ${JSON.stringify(root)} (${(error as NodeJS.ErrnoException).code ?? ''})`;
  }
  try {
    const fd = openSync(directory, 'r');
    try {
      use(fd);
    } finally {
      closeSync(fd);
    }
  } finally {
    remove(directory);
  }
  return undefined;
}

/** What a process that was killed in between has left. */
function removeLeftOver(root: string): void {
  for (const name of readdirSync(root)) {
    if (!name.startsWith(PREFIX)) continue;
    if (!existsSync(`/proc/${name.slice(PREFIX.length)}`)) remove(join(root, name));
  }
}

/** Another process may have taken it for left over: one whose pid namespace does not show this one. */
function remove(directory: string): void {
  try {
    rmdirSync(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
