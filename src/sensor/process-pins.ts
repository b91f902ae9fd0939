// SPDX-License-Identifier: Apache-2.0
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { BpfLink, BpfMap, BpfObject, BpfProgram } from '../../native/index.d.ts';
import { EventLane, EventLimit, StringSecret } from '../events/gen/layouts.ts';
import { addon } from '../kernel/addon.ts';
import { listPins } from './bpf-filesystem.ts';
import { LINK, makePinDirectory, pinKind, takeApart } from './pin-group.ts';

export interface ProcessSensorOptions {
  /** the compiled bpf/process.bpf.c */
  readonly objectPath: string;
  /** directory of the agent's pins, on a bpf filesystem */
  readonly bpfDir: string;
  readonly lifecycleRingBytes: number;
  readonly telemetryRingBytes: number;
  /** send the environment with each exec */
  readonly environment: boolean;
}

const TRACING_PROGRAMS = ['process_fork', 'process_exec', 'process_exit'] as const;
const ITERATORS = ['process_snapshot', 'process_acknowledge'] as const;
/** What a new sensor takes over from the one that it replaces: the identities that were given out, and their keys. */
const CARRIED_MAPS = ['process_states', 'string_secrets', 'binary_paths'] as const;
const MAPS = [...CARRIED_MAPS, 'lifecycle_ring', 'telemetry_ring', 'lanes', 'exec_scratches'] as const;

export type MapName = (typeof MAPS)[number];
export type IteratorName = (typeof ITERATORS)[number];

/** Handles of what one directory pins. */
export interface ProcessPins {
  readonly directory: string;
  readonly maps: Record<MapName, BpfMap>;
  readonly iterators: Record<IteratorName, BpfProgram>;
  readonly links: BpfLink[];
}

/** Names of this version's directories; the digest covers the programs and the settings that shape their maps. */
const NAME_PREFIX = `process-v${EventLimit.EVENT_VERSION}-`;

export function pinsDirectory(options: ProcessSensorOptions): string {
  const { lifecycleRingBytes, telemetryRingBytes, environment } = options;
  const digest = createHash('sha256')
    .update(readFileSync(options.objectPath))
    .update(JSON.stringify({ lifecycleRingBytes, telemetryRingBytes, environment }))
    .digest('hex');
  return join(options.bpfDir, `${NAME_PREFIX}${digest.slice(0, 16)}`);
}

/** Directories of process sensors other than `directory`: those whose maps this version can read, and the rest. */
export function otherPins(directory: string): { readable: string[]; foreign: string[] } {
  const bpfDir = dirname(directory);
  const others = listPins(bpfDir)
    .filter((name) => pinKind(name) === 'process' && name !== basename(directory))
    .map((name) => join(bpfDir, name));
  const isReadable = (path: string): boolean => basename(path).startsWith(NAME_PREFIX);
  return { readable: others.filter(isReadable), foreign: others.filter((path) => !isReadable(path)) };
}

/** Opens what an earlier run pinned. */
export function openPins(directory: string): ProcessPins {
  const pin = (name: string): string => join(directory, name);
  const maps = MAPS.map((name) => [name, addon.BpfMap.openPinned(pin(name))]);
  const iterators = ITERATORS.map((name) => [name, addon.BpfProgram.openPinned(pin(name))]);
  return {
    directory,
    maps: Object.fromEntries(maps) as Record<MapName, BpfMap>,
    iterators: Object.fromEntries(iterators) as Record<IteratorName, BpfProgram>,
    links: TRACING_PROGRAMS.map((name) => addon.BpfLink.openPinned(pin(`${LINK}${name}`))),
  };
}

/** Lets go of the handles. What is still pinned goes on in the kernel. */
export function closePins(pins: ProcessPins): void {
  for (const link of pins.links) link.close();
  for (const program of Object.values(pins.iterators)) program.close();
  for (const map of Object.values(pins.maps)) map.close();
}

/** Detaches the programs for good. The maps stay readable through their handles. */
export function detachPins(pins: ProcessPins): void {
  takeApart(pins.directory);
  for (const link of pins.links) link.close();
}

/**
 * Loads the programs; then calls `detachOthers`, attaches and pins. The old programs go right before the new ones come,
 * since both write the same process state; a snapshot finds what happened between. The directory gets its name when it
 * is complete, so a start that was cut short leaves nothing that could be adopted. `earlier` are the maps of other pins, to
 * go on with the identities that were given out.
 */
export function loadPins(
  options: ProcessSensorOptions,
  directory: string,
  earlier: Readonly<Record<MapName, BpfMap>> | undefined,
  detachOthers: () => void,
): ProcessPins {
  const object = new addon.BpfObject(options.objectPath);
  try {
    configure(object, options);
    if (earlier !== undefined) for (const name of CARRIED_MAPS) object.reuseMap(name, earlier[name]);
    object.load();
    if (earlier === undefined)
      object.map('string_secrets').set(new Uint8Array(4), randomBytes(StringSecret.sizeof));
    detachOthers();
    makePinDirectory(directory, (building) => {
      for (const name of MAPS) object.map(name).pin(join(building, name));
      for (const name of ITERATORS) object.program(name).pin(join(building, name));
      for (const name of TRACING_PROGRAMS) {
        const link = object.program(name).attach({ kind: 'trace' });
        link.pin(join(building, `${LINK}${name}`));
        link.close();
      }
    });
    return openPins(directory);
  } finally {
    object.close();
  }
}

function configure(object: BpfObject, options: ProcessSensorOptions): void {
  const cpus = addon.possibleCpus();
  object.setMap('lifecycle_ring', { maxEntries: options.lifecycleRingBytes });
  object.setMap('telemetry_ring', { maxEntries: options.telemetryRingBytes });
  object.setMap('lanes', { maxEntries: cpus * EventLane.LANE_COUNT });
  object.setMap('exec_scratches', { maxEntries: cpus });
  const envMax = new Uint8Array(4);
  new DataView(envMax.buffer).setUint32(0, options.environment ? EventLimit.EVENT_ENV_MAX : 0, true);
  object.setGlobal('exec_env_max', envMax);
}
