// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Directories of one benchmark's own, so that it runs beside another agent and leaves nothing behind. */
export interface Workspace {
  /** for exported files, on the file system asked for */
  readonly directory: string;
  readonly runDir: string;
  readonly bpfDir: string;
  /** settings that lead an agent here */
  readonly flags: Readonly<Record<string, string>>;
  remove(): void;
}

/** `parent`: where exported files go; the system's temporary directory when it is empty. */
export function makeWorkspace(parent = ''): Workspace {
  const directory = mkdtempSync(join(parent === '' ? tmpdir() : parent, 'merlon-bench-'));
  const runDir = join(directory, 'run');
  const bpfDir = `/sys/fs/bpf/merlon-bench-${process.pid}`;
  return {
    directory,
    runDir,
    bpfDir,
    flags: { 'run-dir': runDir, 'bpf-dir': bpfDir, export: join(directory, 'events.json'), quiet: 'true' },
    remove() {
      rmSync(directory, { recursive: true, force: true });
      // Whatever an agent left there is for somebody to look at; rmdir(2) refuses then.
      if (readdirSync('/sys/fs/bpf').includes(`merlon-bench-${process.pid}`)) rmdirSync(bpfDir);
    },
  };
}
