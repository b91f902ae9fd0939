// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync, rmdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { AgentError, ErrorCode } from '../base/errors.ts';
import { addon } from '../kernel/addon.ts';
import { BpfError } from '../kernel/bpf-error.ts';
import { listPins } from './bpf-filesystem.ts';
import { PIN_KINDS, type PinKind, pinKind, takeApart } from './pin-group.ts';
import type { ProtectionPlaces } from './protection-records.ts';
import { takeOverProtection } from './self-protection.ts';

/** A directory of pins that was removed, and how many pins there were in it. */
export interface UnloadedDirectory {
  readonly path: string;
  readonly pins: number;
}

export interface Unloaded {
  readonly removed: readonly UnloadedDirectory[];
  /** what else is there; it is not the agent's */
  readonly left: readonly string[];
}

/**
 * Removes whatever agents have left pinned in `bpfDir`: programs are detached, policies no longer in force. What is gone
 * already is no failure. Throws ERR_ALREADY_RUNNING, with its process id, while an agent uses what is there, and ERR_PRIVILEGE when
 * it is protected from this process.
 */
export function unload({ bpfDir, glassFile }: Pick<ProtectionPlaces, 'bpfDir' | 'glassFile'>): Unloaded {
  takeOverProtection(
    { bpfDir, glassFile },
    'Let what started that agent run this, of systemd by "systemd-run --wait --pipe merlon unload"',
  );
  const names = listPins(bpfDir);
  // Policies first: what they decide by is kept by the process sensor. The protection last.
  const directories = PIN_KINDS.flatMap((kind) => directoriesOf(names, kind)).map((name) =>
    join(bpfDir, name),
  );
  refuseWhileUsed(bpfDir, directories);
  const removed = directories.map((path) => {
    const pins = countPins(path);
    takeApart(path);
    return { path, pins };
  });
  const left = listPins(bpfDir);
  if (names.length > 0 && left.length === 0) rmdirSync(bpfDir);
  return { removed, left: left.map((name) => join(bpfDir, name)) };
}

function directoriesOf(names: readonly string[], kind: PinKind): string[] {
  return names.filter((name) => pinKind(name) === kind).sort();
}

function countPins(path: string): number {
  if (!statSync(path).isDirectory()) return 1;
  return listPins(path).reduce((sum, name) => sum + countPins(join(path, name)), 0);
}

/** An agent holds the maps of its process sensor open. */
function refuseWhileUsed(bpfDir: string, directories: readonly string[]): void {
  const maps = new Set(directories.flatMap(mapIds));
  const pid = processesWithMaps(maps).find((each) => each !== process.pid);
  if (pid === undefined) return;
  throw new AgentError(
    ErrorCode.AlreadyRunning,
    `Cannot unload ${JSON.stringify(bpfDir)}: process ${pid} (${commandOf(pid)}) uses it`,
    { remedy: 'Stop it first, for example with "systemctl stop merlon".' },
  );
}

/** Ids of the maps of a process sensor. */
function mapIds(directory: string): number[] {
  return listPins(directory)
    .filter((name) => name === 'lanes' || name === 'generations')
    .flatMap((name) => {
      try {
        const map = addon.BpfMap.openPinned(join(directory, name));
        const { id } = map.info();
        map.close();
        return [id];
      } catch (error) {
        // What is no map is none that an agent uses.
        if (error instanceof BpfError) return [];
        throw error;
      }
    });
}

function processesWithMaps(ids: ReadonlySet<number>): number[] {
  if (ids.size === 0) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => openMaps(pid).some((id) => ids.has(id)));
}

/** Ids of the maps that a process has open; none when it has ended, or when this one may not look. */
function openMaps(pid: number): number[] {
  const directory = `/proc/${pid}/fdinfo`;
  const read = <Result>(action: () => Result): Result | undefined => {
    try {
      return action();
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES') return undefined;
      throw error;
    }
  };
  return (read(() => readdirSync(directory)) ?? []).flatMap((fd) => {
    const text = read(() => readFileSync(join(directory, fd), 'utf8')) ?? '';
    const id = /^map_id:\s*(\d+)/m.exec(text)?.[1];
    return id === undefined ? [] : [Number(id)];
  });
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, 3).join(' ').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'ended';
    throw error;
  }
}
