// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A file that is mapped executable into a process. */
export interface Mapping {
  readonly start: number;
  readonly end: number;
  /** of `start` in the file */
  readonly offset: number;
  /** as the process sees it, with ` (deleted)` for a file without a name */
  readonly path: string;
  /** `START-END` as in /proc/PID/map_files */
  readonly range: string;
}

/** `START-END PERMISSIONS OFFSET DEVICE INODE PATH`; inode 0 is no file. */
const LINE = /^([\da-f]+)-([\da-f]+) ..x. ([\da-f]+) \S+ [1-9]\d* +(.*)$/gm;

/** The executable files of a process in the order of their addresses; empty for one that has ended or may not be looked at. */
export function readMappings(procPath: string, tgid: number): Mapping[] {
  let text;
  try {
    text = readFileSync(join(procPath, String(tgid), 'maps'), 'utf8');
  } catch {
    // It has ended since: its frames stay unknown, which the event shows.
    return [];
  }
  return [...text.matchAll(LINE)].map(([, from = '', to = '', offset = '', path = '']) => {
    const [start, end] = [parseInt(from, 16), parseInt(to, 16)];
    // map_files has no leading zeros.
    const range = `${start.toString(16)}-${end.toString(16)}`;
    return { start, end, offset: parseInt(offset, 16), path, range };
  });
}

/** The mapping that an address lies in. */
export function mappingAt(mappings: readonly Mapping[], address: number): Mapping | undefined {
  let low = 0;
  let high = mappings.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((mappings[middle]?.end ?? 0) <= address) low = middle + 1;
    else high = middle;
  }
  const found = mappings[low];
  return found !== undefined && found.start <= address ? found : undefined;
}
