// SPDX-License-Identifier: Apache-2.0
import { cpus, release, totalmem } from 'node:os';
import { version } from '../../src/base/version.ts';

/** What the figures depend on. */
export interface Host {
  readonly merlon: string;
  readonly node: string;
  readonly kernel: string;
  readonly cpu: string;
  readonly cpus: number;
  readonly memory_mib: number;
  /** RFC 3339 */
  readonly time: string;
}

export function describeHost(): Host {
  const all = cpus();
  return {
    merlon: version,
    node: process.versions.node,
    kernel: release(),
    cpu: all[0]?.model ?? 'unknown',
    cpus: all.length,
    memory_mib: Math.round(totalmem() / 2 ** 20),
    time: new Date().toISOString(),
  };
}
