// SPDX-License-Identifier: Apache-2.0
import { randomInt } from 'node:crypto';
import { unlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Hook } from '../events/hook.ts';
import { addon } from '../kernel/addon.ts';
import { listPins } from './bpf-filesystem.ts';
import { makeJsonMap, readJsonMap } from './json-map.ts';

const NAME = 'hooks-';
/** Raised when `Hook` changes so that an older description would be misread. */
const FORMAT = 1;

/** Descriptions of as many changes stay pinned for records that are still on their way. */
const CHANGES = 64;

interface Description {
  readonly path: string;
  readonly ids: readonly number[];
}

/**
 * Pinned descriptions of hooks: what their records mean, for an agent that starts later. One for each change, in the directory
 * of the policies' pins.
 */
export class HookDescriptions {
  /** of earlier agents, as far as this version can read them */
  readonly earlier: readonly Hook[];
  /** beyond every id that an earlier agent has used */
  readonly firstId: number;
  readonly #directory: string;
  /** the oldest first */
  #pinned: Description[] = [];
  /** earlier hooks whose descriptions go with their directory */
  #carried: readonly Hook[];

  /** Reads those in `directory`, if it is there, and in `leftovers`. `warn` is told what cannot be read. */
  constructor(
    directory: string,
    leftovers: readonly string[],
    warn: (message: string, fields: object) => void,
  ) {
    this.#directory = directory;
    const own = pathsIn(directory).map((path) => ({ path, ...read(path, warn) }));
    const others = leftovers.flatMap(pathsIn).map((path) => read(path, warn));
    this.#pinned = own.map(({ path, hooks }) => ({ path, ids: hooks.map(({ id }) => id) }));
    this.#carried = others.flatMap(({ hooks }) => hooks);
    this.earlier = [...this.#carried, ...own.flatMap(({ hooks }) => hooks)];
    this.firstId = Math.max(0, ...[...own, ...others].map(({ lastId }) => lastId)) + 1;
  }

  /** Whether keep() has something to pin. */
  hasNews(hooks: readonly Hook[]): boolean {
    return hooks.length > 0 || this.#carried.length > 0;
  }

  /**
   * Before a change is in force: pins what its new hooks are, and forgets those that are neither among `live`, the ids of all
   * that it uses, nor of a recent change.
   */
  keep(hooks: readonly Hook[], live: ReadonlySet<number>): void {
    if (this.hasNews(hooks)) this.#pin([...this.#carried, ...hooks]);
    this.#carried = [];
    const { length } = this.#pinned;
    this.#pinned = this.#pinned
      .sort((one, other) => (one.ids[0] ?? 0) - (other.ids[0] ?? 0))
      .filter(({ path, ids }, index) => {
        const isRecent = ids.length > 0 && index >= length - CHANGES;
        const stays = isRecent || ids.some((id) => live.has(id));
        if (!stays) unlinkSync(path);
        return stays;
      });
  }

  #pin(hooks: readonly Hook[]): void {
    const ids = hooks.map(({ id }) => id);
    const path = join(this.#directory, `${NAME}${Math.min(...ids)}`);
    const map = makeJsonMap('hooks', FORMAT, hooks, Math.max(...ids));
    try {
      // By an agent that was killed before its change was in force.
      if (listPins(dirname(path)).includes(basename(path))) unlinkSync(path);
      map.pin(path);
    } finally {
      map.close();
    }
    this.#pinned = [...this.#pinned.filter((each) => each.path !== path), { path, ids }];
  }
}

function pathsIn(directory: string): string[] {
  return listPins(directory)
    .filter((name) => name.startsWith(NAME))
    .map((name) => join(directory, name));
}

/** No hook that it tells of has a larger id than `lastId`. */
function read(
  path: string,
  warn: (message: string, fields: object) => void,
): { lastId: number; hooks: readonly Hook[] } {
  try {
    const map = addon.BpfMap.openPinned(path);
    try {
      const { lastId, value } = readJsonMap(map, FORMAT);
      if (value !== undefined) return { lastId, hooks: value as Hook[] };
      warn('Hooks of an agent of another version cannot be told; their events name no hook', { path });
      return { lastId, hooks: [] };
    } finally {
      map.close();
    }
  } catch (error) {
    warn('What hooks of an earlier agent were cannot be read; their events name no hook', {
      path,
      reason: (error as Error).message,
    });
    // An id that they are not likely to have keeps them from being taken for others.
    return { lastId: randomInt(2 ** 20, 2 ** 30), hooks: [] };
  }
}
