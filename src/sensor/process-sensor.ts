// SPDX-License-Identifier: Apache-2.0
import { rmdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { BpfMap, BpfProgram } from '../../native/index.d.ts';
import { ensureBpfDirectory, listPins } from './bpf-filesystem.ts';
import { ForeignLanes } from './foreign-lanes.ts';
import { takeApart } from './pin-group.ts';
import type { MapName, ProcessPins, ProcessSensorOptions } from './process-pins.ts';
import { closePins, detachPins, loadPins, openPins, otherPins, pinsDirectory } from './process-pins.ts';

/** Maps of a sensor that this one has replaced: what its rings hold has not been read yet. */
export type PredecessorMaps = Readonly<Record<MapName, BpfMap>>;

/**
 * The process sensor in the kernel. Everything is pinned, so the programs go on while the agent is away and the rings keep
 * what they send. An agent that starts with the same programs and settings adopts what it finds; another one replaces it,
 * goes on with the identities of the processes, and can still read what the old rings hold.
 */
export class ProcessSensor {
  /** an earlier run of the agent left these programs attached */
  readonly adopted: boolean;
  /** of sensors that this one has replaced and whose records it cannot read */
  readonly foreign: ForeignLanes;
  readonly #pins: ProcessPins;
  readonly #predecessors: ProcessPins[];

  private constructor(
    pins: ProcessPins,
    adopted: boolean,
    predecessors: ProcessPins[],
    foreign: ForeignLanes,
  ) {
    this.#pins = pins;
    this.adopted = adopted;
    this.foreign = foreign;
    this.#predecessors = predecessors;
  }

  static open(options: ProcessSensorOptions): ProcessSensor {
    ensureBpfDirectory(options.bpfDir);
    const directory = pinsDirectory(options);
    const { readable, foreign } = otherPins(directory);
    const predecessors = readable.map(openPins);
    const foreignLanes = new ForeignLanes(foreign);
    const detachOthers = (): void => {
      for (const predecessor of predecessors) detachPins(predecessor);
      for (const path of foreign) takeApart(path);
    };
    if (listPins(directory).length === 0) {
      const pins = loadPins(options, directory, predecessors[0]?.maps, detachOthers);
      return new ProcessSensor(pins, false, predecessors, foreignLanes);
    }
    detachOthers();
    return new ProcessSensor(openPins(directory), true, predecessors, foreignLanes);
  }

  get maps(): Readonly<Record<MapName, BpfMap>> {
    return this.#pins.maps;
  }

  /** Of sensors that this one has replaced; released by close(). */
  get predecessors(): PredecessorMaps[] {
    return this.#predecessors.map(({ maps }) => maps);
  }

  /** The living processes as exec records without arguments and environment (see readSnapshot). */
  snapshot(): Uint8Array {
    return runIterator(this.#pins.iterators.process_snapshot);
  }

  /** Notes in the kernel that every image there is now has been reported. */
  acknowledge(): void {
    runIterator(this.#pins.iterators.process_acknowledge);
  }

  /** Kernel memory of the maps, bytes. */
  mapBytes(): number {
    return Object.values(this.maps).reduce((sum, map) => sum + map.info().memoryBytes, 0);
  }

  /** Detaches the programs for good; the maps stay until close(), so that what the rings hold can still be read. */
  remove(): void {
    detachPins(this.#pins);
    const bpfDir = dirname(this.#pins.directory);
    if (listPins(bpfDir).length === 0) rmdirSync(bpfDir);
  }

  /** Lets go of every handle. What is still pinned goes on in the kernel. */
  close(): void {
    for (const predecessor of this.#predecessors) closePins(predecessor);
    this.foreign.close();
    closePins(this.#pins);
  }
}

function runIterator(program: BpfProgram): Uint8Array {
  const link = program.attach({ kind: 'iter' });
  try {
    return link.readIterator();
  } finally {
    link.close();
  }
}
