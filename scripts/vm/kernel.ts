// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AgentError, ErrorCode } from '../../src/base/errors.ts';
import { Archive, hostCodename } from './archive.ts';
import { runTool } from './run-tool.ts';

/** Debian's own kernels that the guests run; the metapackages name the version of the day. */
const KERNELS = {
  '6.1': () => ({ codename: 'bookworm', metapackage: 'linux-image-cloud-amd64' }),
  '6.12': (codename: string) =>
    codename === 'bookworm'
      ? { codename, metapackage: 'linux-image-6.12-cloud-amd64' }
      : { codename, metapackage: 'linux-image-cloud-amd64' },
} as const;
export type KernelName = keyof typeof KERNELS;
export const KERNEL_NAMES = Object.keys(KERNELS) as KernelName[];

/** A kernel package unpacked below the repository's build directory. */
export interface GuestKernel {
  name: KernelName;
  /** as uname -r gives it */
  release: string;
  /** absolute; holds boot/ and lib/modules/RELEASE/ with what depmod makes */
  directory: string;
}

/**
 * The kernel of that name, downloaded and unpacked (never installed) on the first call. Deleting
 * `build/guest/NAME` makes the next call take the version that the archive has by then.
 */
export async function prepareKernel(repository: string, name: KernelName): Promise<GuestKernel> {
  const directory = join(repository, 'build/guest', name);
  if (!existsSync(directory)) await download(name, directory);
  const [release] = await readdir(join(directory, 'lib/modules'));
  if (release === undefined)
    throw new AgentError(ErrorCode.Internal, `"${directory}" holds no kernel`, {
      remedy: `Delete ${directory} and run the command again.`,
    });
  return { name, release, directory };
}

async function download(name: KernelName, directory: string): Promise<void> {
  const { codename, metapackage } = KERNELS[name](await hostCodename());
  await mkdir(join(directory, '..'), { recursive: true });
  // Complete or absent: what is unpacked takes its name with one rename, and of two at once the first wins.
  const work = await mkdtemp(`${directory}.new-`);
  try {
    const archive = await Archive.open(codename, join(work, 'apt'));
    const image = (await archive.dependencies(metapackage)).find((name) => name.startsWith('linux-image-'));
    if (image === undefined)
      throw new AgentError(
        ErrorCode.Internal,
        `The archive of Debian "${codename}" has no package "${metapackage}"`,
        {
          remedy: 'Guests need the sources of Debian itself, its security archive among them.',
        },
      );
    process.stderr.write(`merlon: fetching guest kernel ${name}: ${image}\n`);
    const root = join(work, 'root');
    await archive.unpack(image, work, root);
    // Packages of Debian 13 carry the modules in /usr/lib.
    if (!existsSync(join(root, 'lib'))) await rename(join(root, 'usr/lib'), join(root, 'lib'));
    const [release = ''] = await readdir(join(root, 'lib/modules'));
    await runTool('depmod', ['-b', root, release]);
    if (!existsSync(directory)) await rename(root, directory);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
