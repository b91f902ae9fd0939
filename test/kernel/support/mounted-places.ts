// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { addon } from '../../../src/kernel/addon.ts';
import { Places } from './agent.ts';

/** With a bpf filesystem of its own. */
export class MountedPlaces extends Places {
  readonly mount = join(this.directory, 'bpf');
  override readonly bpfDir = join(this.mount, 'merlon');
  readonly glass = join(this.runDir, 'break-glass');

  constructor() {
    super();
    mkdirSync(this.mount);
    addon.mountFs('bpf', this.mount);
  }

  override remove(): void {
    // What a failed test has left protected.
    if (existsSync(this.runDir)) writeFileSync(this.glass, '');
    rmSync(this.bpfDir, { recursive: true, force: true });
    spawnSync('umount', [this.mount]);
    super.remove();
  }
}
