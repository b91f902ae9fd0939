// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { addon } from '../kernel/addon.ts';
import type { TracepointField } from '../plan/kernel-facts.ts';
import { parseTracepointFormat } from './tracepoint-format.ts';

/** Where the formats of classic tracepoints are; libbpf looks there too. */
export const TRACEFS = '/sys/kernel/tracing';
const EVENTS = `${TRACEFS}/events`;

/** Mounts tracefs where it belongs if nobody has, as systemd does. */
export function ensureTracefs(): void {
  if (!hasFormats()) addon.mountFs('tracefs', TRACEFS);
}

/** Whether this user sees tracepoints there. */
export function hasFormats(): boolean {
  return existsSync(EVENTS);
}

/** undefined when the running kernel has no such tracepoint. */
export function readTracepointFields(subsystem: string, event: string): TracepointField[] | undefined {
  if (!hasFormats() || !readdirSync(EVENTS).includes(subsystem)) return undefined;
  const path = `${EVENTS}/${subsystem}/${event}/format`;
  return existsSync(path) ? parseTracepointFormat(readFileSync(path, 'utf8')) : undefined;
}
