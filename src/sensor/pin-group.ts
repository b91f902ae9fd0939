// SPDX-License-Identifier: Apache-2.0
import { randomInt } from 'node:crypto';
import { mkdirSync, renameSync, statSync, unlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { BpfLink, BpfMap, BpfProgram } from '../../native/index.d.ts';
import { AgentError, ErrorCode } from '../base/errors.ts';
import { addon } from '../kernel/addon.ts';
import { listPins, removePins } from './bpf-filesystem.ts';

/** What belongs together in the kernel, by names of its own: links, their programs, and maps that must outlive the agent. */
export interface PinnedObjects {
  readonly maps: ReadonlyMap<string, BpfMap>;
  readonly programs: ReadonlyMap<string, BpfProgram>;
  readonly links: ReadonlyMap<string, BpfLink>;
}

const INCOMPLETE = 'incomplete-';
/** Names of links begin so. */
export const LINK = 'link_';

/** What agents of any version pin in directories of their own, in the order in which they go. */
export const PIN_KINDS = ['policies', 'process', 'protect'] as const;
export type PinKind = (typeof PIN_KINDS)[number];

/** While a directory is made, replaced or taken apart it has more in front of its name. */
const NAME = new RegExp(`^(?:(?:incomplete|replaced)-(?:\\w+-)?)*(${PIN_KINDS.join('|')})-`);

/** Undefined for what no agent has made. */
export function pinKind(name: string): PinKind | undefined {
  return NAME.exec(name)?.[1] as PinKind | undefined;
}

/** Whether this was being made or taken apart, which was cut short; nothing is to be adopted there. */
export function isIncomplete(name: string): boolean {
  return name.startsWith(INCOMPLETE);
}

/** Makes a directory of pins that has its name only once `fill` has completed it. */
export function makePinDirectory(directory: string, fill: (building: string) => void): void {
  const building = join(dirname(directory), `${INCOMPLETE}${basename(directory)}`);
  if (listPins(dirname(directory)).includes(basename(building))) removePins(building);
  try {
    mkdirSync(building, { mode: 0o700 });
    fill(building);
    renameSync(building, directory);
  } catch (error) {
    if (listPins(dirname(directory)).includes(basename(building))) removePins(building);
    if (error instanceof AgentError) throw error;
    throw new AgentError(
      ErrorCode.Bpf,
      `Cannot pin programs in ${JSON.stringify(directory)}: ${(error as Error).message}`,
      {
        cause: error,
        remedy: 'Make the bpf filesystem writable, or set bpf-dir to one that is.',
      },
    );
  }
}

/** Gives a directory a name under which nobody adopts it, before it is taken apart. Returns its path. */
export function setAside(directory: string): string {
  const aside = join(
    dirname(directory),
    `${INCOMPLETE}${randomInt(2 ** 47).toString(36)}-${basename(directory)}`,
  );
  renameSync(directory, aside);
  return aside;
}

/** Removes a directory of pins. It loses its name first, so that nothing can be adopted when this is cut short. */
export function takeApart(directory: string): void {
  const aside = isIncomplete(basename(directory)) ? directory : setAside(directory);
  removeLinks(aside);
  removePins(aside);
}

/** Pins all of it in a directory of its own; nothing is left there when one cannot be pinned. */
export function pinGroup(directory: string, { maps, programs, links }: PinnedObjects): void {
  makePinDirectory(directory, (building) => {
    for (const [name, map] of maps) map.pin(join(building, `map_${name}`));
    for (const [name, program] of programs) program.pin(join(building, `program_${name}`));
    for (const [name, link] of links) link.pin(join(building, `${LINK}${name}`));
  });
}

/** Opens what was pinned together. Throws a BpfError at what is no pin of the kind that its name says. */
export function openGroup(directory: string): PinnedObjects {
  const objects = {
    maps: new Map<string, BpfMap>(),
    programs: new Map<string, BpfProgram>(),
    links: new Map<string, BpfLink>(),
  };
  try {
    for (const entry of listPins(directory)) {
      const path = join(directory, entry);
      const [kind = '', ...rest] = entry.split('_');
      const name = rest.join('_');
      if (kind === 'map') objects.maps.set(name, addon.BpfMap.openPinned(path));
      else if (kind === 'program') objects.programs.set(name, addon.BpfProgram.openPinned(path));
      else if (kind === 'link') objects.links.set(name, addon.BpfLink.openPinned(path));
    }
    return objects;
  } catch (error) {
    closeGroup(objects);
    throw error;
  }
}

/** Lets go of the handles. What is pinned goes on. */
export function closeGroup({ maps, programs, links }: PinnedObjects): void {
  for (const link of links.values()) link.close();
  for (const program of programs.values()) program.close();
  for (const map of maps.values()) map.close();
}

/** Removes the pins of links in a directory and below it; what nobody else holds is detached. */
export function removeLinks(directory: string): void {
  for (const entry of listPins(directory)) {
    const path = join(directory, entry);
    if (statSync(path).isDirectory()) removeLinks(path);
    else if (entry.startsWith(LINK)) unlinkSync(path);
  }
}
