// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { addon } from '../kernel/addon.ts';

/** Where the formats of classic tracepoints are; libbpf looks there too. */
export const TRACEFS = '/sys/kernel/tracing';

/** Mounts tracefs where it belongs if nobody has, as systemd does. */
export function ensureTracefs(): void {
  if (!existsSync(`${TRACEFS}/events`)) addon.mountFs('tracefs', TRACEFS);
}
