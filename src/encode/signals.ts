// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:os';

const NAMES = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]));
/** Synonyms share a number: the name that signal(7) puts first wins. */
for (const name of ['SIGABRT', 'SIGIO', 'SIGCHLD'] as const) NAMES.set(constants.signals[name], name);

const FIRST_REALTIME = 34;

/** The name of a signal as Tetragon writes it; real-time signals by their distance from SIGRTMIN. */
export function signalName(signal: number): string {
  const name = NAMES.get(signal);
  if (name !== undefined) return name;
  if (signal >= FIRST_REALTIME)
    return signal === FIRST_REALTIME ? 'SIGRTMIN' : `SIGRTMIN+${signal - FIRST_REALTIME}`;
  return `SIG${signal}`;
}
