// SPDX-License-Identifier: Apache-2.0
import { execFile } from 'node:child_process';
import { copyFile, cp, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { AgentError, ErrorCode } from '../../src/base/errors.ts';
import type { GuestKernel } from './kernel.ts';
import { runTool } from './run-tool.ts';

/** What the guest needs before it sees the host's files, in the order of loading. A kernel may have any built in. */
const MODULES = [
  'virtio_ring',
  'virtio',
  'virtio_pci_legacy_dev',
  'virtio_pci_modern_dev',
  'virtio_pci',
  'fuse',
  'virtiofs',
  'overlay',
  'virtio_console',
];

/**
 * Writes `initramfs` in a directory: busybox, init.sh, the modules, and the run's own files in /guest. Made anew for
 * every run (some 40 ms), so it is never older than what it is made from.
 */
export async function writeInitramfs(
  kernel: GuestKernel,
  directory: string,
  files: Record<string, string>,
): Promise<string> {
  const tree = join(directory, 'initramfs.d');
  for (const name of ['bin', 'proc', 'sys', 'dev', 'host', 'layers', 'root', 'modules', 'guest'])
    await mkdir(join(tree, name), { recursive: true });
  await copyFile('/bin/busybox', join(tree, 'bin/busybox'));
  await cp(join(import.meta.dirname, 'init.sh'), join(tree, 'init'));
  await runTool('chmod', ['0755', join(tree, 'init')]);
  for (const [name, text] of Object.entries(files)) await writeFile(join(tree, 'guest', name), text);
  await copyModules(kernel, join(tree, 'modules'));
  const archive = join(directory, 'initramfs');
  await promisify(execFile)('sh', ['-c', 'find . | cpio --quiet -o -H newc >"$0"', archive], { cwd: tree });
  return archive;
}

async function copyModules(kernel: GuestKernel, target: string): Promise<void> {
  const source = join(kernel.directory, 'lib/modules', kernel.release);
  const builtIn = await readFile(join(source, 'modules.builtin'), 'utf8');
  const files = (await readdir(source, { recursive: true })).filter((path) => /\.ko(\.xz)?$/.test(path));
  for (const [index, name] of MODULES.entries()) {
    if (builtIn.includes(`/${name}.ko\n`)) continue;
    const path = files.find((file) => basename(file).startsWith(`${name}.ko`));
    if (path === undefined)
      throw new AgentError(ErrorCode.Kernel, `Guest kernel ${kernel.release} has no module "${name}"`);
    const numbered = join(target, `${index}-${name}.ko`);
    await copyFile(join(source, path), path.endsWith('.xz') ? `${numbered}.xz` : numbered);
    if (path.endsWith('.xz')) await runTool('xz', ['-d', `${numbered}.xz`]);
  }
}
