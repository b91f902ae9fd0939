// SPDX-License-Identifier: Apache-2.0
import { createHash, randomInt } from 'node:crypto';
import { renameSync, rmdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { BpfMap } from '../../native/index.d.ts';
import { AgentError } from '../base/errors.ts';
import type { Hook } from '../events/hook.ts';
import { EventLimit, HookLimit } from '../events/gen/layouts.ts';
import { addon } from '../kernel/addon.ts';
import { listPins, removePins } from './bpf-filesystem.ts';
import { HookDescriptions } from './hook-descriptions.ts';
import type { PinnedObjects } from './pin-group.ts';
import {
  closeGroup,
  isIncomplete,
  makePinDirectory,
  openGroup,
  pinGroup,
  pinKind,
  removeLinks,
  setAside,
  takeApart,
} from './pin-group.ts';

/**
 * The contract between a root that is attached already and an agent of any version: `generations` holds one word, whose parity
 * chooses the half of `instances` that a hit goes on in; entries stand as in hook-root.ts; `call_entries` is as in
 * bpf/lib/call_entry.h, `overrides` as in bpf/override.bpf.c. Whoever changes any of it raises this number: then an agent
 * attaches roots of its own beside the old ones.
 */
const ROOT_CONTRACT = 1;
const { HOOK_GROUPS_MAX, HOOK_SYSCALLS_MAX, HOOK_SYSCALL_PLACES } = HookLimit;
const DIRECTORY = `policies-v${ROOT_CONTRACT}-${HOOK_GROUPS_MAX}-${HOOK_SYSCALLS_MAX}-${HOOK_SYSCALL_PLACES}`;

const GENERATIONS = 'generations';
const GENERATIONS_MAP: Parameters<typeof addon.BpfMap.create>[0] = {
  name: GENERATIONS,
  type: 2, // BPF_MAP_TYPE_ARRAY
  keySize: 4,
  valueSize: 8,
  maxEntries: 1,
  flags: 1 << 10, // BPF_F_MMAPABLE
};

const ROOT = 'root-';
const REPLACED = 'replaced-';

/**
 * So long the arrays of what was replaced stay: a task that was preempted between two programs of a trampoline is in no
 * section of RCU whose end one could wait for, and must find the old program still.
 */
const HOLD_MS = 10_000;

export interface PolicyPinOptions {
  readonly bpfDir: string;
  /** whether what is attached stays when the agent ends */
  readonly keep: boolean;
  /** told of what had to be replaced */
  readonly warn: (message: string, fields: object) => void;
}

/** Whether an earlier agent has left programs of policies. */
export function hasPolicyPins(bpfDir: string): boolean {
  return listPins(bpfDir).some((name) => pinKind(name) === 'policies');
}

/**
 * What policies have in the kernel beyond the agent's end: below `BPF-DIR/policies-…`, a directory for each hook's root, the
 * generation that all of them read, and descriptions of the hooks. Nothing of it is made without `keep`.
 */
export class PolicyPins {
  readonly generations: BpfMap;
  /** told of what could not be used */
  readonly warn: PolicyPinOptions['warn'];
  readonly #bpfDir: string | undefined;
  readonly #directory: string;
  readonly #keep: boolean;
  #isMade: boolean;
  /** whether what an earlier agent had in force is so no more */
  #isSettled: boolean;
  /** groups of an earlier agent that have no use yet, by name */
  readonly #untaken = new Map<string, PinnedObjects>();
  /** directories that go with the first switch */
  #leftovers: string[];
  #held: (() => void)[] = [];
  #holdTimer: NodeJS.Timeout | undefined;
  readonly #descriptions: HookDescriptions;

  private constructor(options: PolicyPinOptions | undefined) {
    this.warn = options?.warn ?? (() => undefined);
    this.#bpfDir = options?.bpfDir;
    this.#keep = options?.keep ?? false;
    this.#directory = join(options?.bpfDir ?? '', DIRECTORY);
    this.#leftovers = [];
    const generations = options === undefined ? undefined : this.#openEarlier(options);
    this.#isMade = generations !== undefined;
    this.#isSettled = !this.#isMade && this.#leftovers.length === 0;
    this.generations = generations ?? addon.BpfMap.create(GENERATIONS_MAP);
    this.#descriptions = new HookDescriptions(this.#directory, this.#leftovers, this.warn);
  }

  /** Opens what an earlier agent has left. Throws when the directory cannot be read. */
  static open(options: PolicyPinOptions): PolicyPins {
    return new PolicyPins(options);
  }

  /** For an agent that pins nothing and follows none. */
  static none(): PolicyPins {
    return new PolicyPins(undefined);
  }

  /** What an earlier agent's records name, as far as this version can read it. */
  get earlierHooks(): readonly Hook[] {
    return this.#descriptions.earlier;
  }

  /** Beyond every id of a hook that an earlier agent has used. */
  get firstHook(): number {
    return this.#descriptions.firstId;
  }

  /** What an earlier agent has pinned by this name, to go on with; the caller closes it. */
  take(name: string): PinnedObjects | undefined {
    const objects = this.#untaken.get(name);
    this.#untaken.delete(name);
    return objects;
  }

  /** The maps of this name in groups of an earlier agent of this version that were not taken, as handles of their own. */
  openMaps(name: string): BpfMap[] {
    return [...this.#untaken].flatMap(([group, { maps }]) =>
      group.includes(`-${VERSION}-`) && maps.has(name)
        ? [addon.BpfMap.openPinned(join(this.#directory, group, `map_${name}`))]
        : [],
    );
  }

  /** The one map of this name, whichever group has it. */
  openMap(name: string): BpfMap | undefined {
    const [map, ...others] = this.openMaps(name);
    for (const other of others) other.close();
    return map;
  }

  /** Lets what is attached outlive the agent, if it is to. Throws an AgentError when it cannot be pinned. */
  keep(name: string, objects: PinnedObjects): void {
    if (!this.#keep) return;
    this.#make();
    const directory = join(this.#directory, name);
    if (listPins(this.#directory).includes(name)) takeApart(directory);
    pinGroup(directory, objects);
  }

  /** Takes the pins of what is no longer used. False when they cannot be removed: then it stays attached. */
  drop(name: string): boolean {
    return this.#tidy(() => {
      if (this.#isMade && listPins(this.#directory).includes(name)) takeApart(join(this.#directory, name));
    });
  }

  /** Before a generation that uses nothing of what was not taken: it has no programs there. */
  emptyUntaken(generation: number): void {
    for (const { maps } of this.#untaken.values()) {
      const instances = maps.get('instances');
      if (instances === undefined) continue;
      const half = instances.info().maxEntries / 2;
      const first = (generation & 1) * half;
      for (let entry = first; entry < first + half; entry++) instances.delete(u32(entry));
    }
  }

  /** Before a generation is in force: pins what its new hooks are. `live` are the ids of all that it uses. */
  keepHooks(hooks: readonly Hook[], live: ReadonlySet<number>): void {
    if (!this.#keep) return;
    if (this.#descriptions.hasNews(hooks)) this.#make();
    this.#descriptions.keep(hooks, live);
  }

  /**
   * After a switch: what an earlier agent has left and this one does not use is detached. What cannot be stays attached
   * without programs, and is tried again after the next one.
   */
  settle(): void {
    this.#isSettled = true;
    for (const [name, objects] of this.#untaken)
      this.#tidy(() => {
        const aside = setAside(join(this.#directory, name));
        removeLinks(aside);
        this.#untaken.delete(name);
        for (const link of objects.links.values()) link.close();
        this.#hold(() => {
          closeGroup({ ...objects, links: new Map() });
          removeIfThere(aside);
        });
      });
    this.#leftovers = this.#leftovers.filter(
      (directory) =>
        !this.#tidy(() => {
          removeLinks(directory);
          this.#hold(() => removeIfThere(directory));
        }),
    );
    if (!this.#keep && this.#isMade) this.#tidy(() => this.#unmake());
  }

  /** What is to happen once nobody can be in what the first switch has replaced; at the latest in close(). */
  hold(release: () => void): void {
    this.#hold(release);
  }

  /** Lets go of the handles; without `keep` nothing stays pinned but what an earlier agent had in force and still has. */
  close(keep: boolean): void {
    clearTimeout(this.#holdTimer);
    this.#release();
    for (const objects of this.#untaken.values()) closeGroup(objects);
    if (!keep && this.#isSettled && this.#isMade) this.#unmake();
    this.#untaken.clear();
    this.generations.close();
    if (this.#bpfDir !== undefined && !keep) removeIfEmpty(this.#bpfDir);
  }

  #openEarlier({ bpfDir, warn }: PolicyPinOptions): BpfMap | undefined {
    const names = listPins(bpfDir).filter((name) => pinKind(name) === 'policies');
    this.#leftovers = names.map((name) => join(bpfDir, name)).filter((path) => path !== this.#directory);
    if (!names.includes(DIRECTORY)) return undefined;
    let generations: BpfMap | undefined;
    try {
      generations = openGenerations(join(this.#directory, GENERATIONS));
      for (const name of listPins(this.#directory)) {
        const path = join(this.#directory, name);
        if (isIncomplete(name)) removePins(path);
        else if (statSync(path).isDirectory()) this.#untaken.set(name, openEarlierGroup(name, path));
      }
      return generations;
    } catch (error) {
      if (!(error instanceof AgentError || error instanceof RangeError)) throw error;
      // It stays in force until this agent's own hooks are.
      const replaced = join(bpfDir, `${REPLACED}${randomInt(2 ** 47).toString(36)}-${DIRECTORY}`);
      warn('What an earlier agent has pinned cannot be used and is replaced', {
        directory: this.#directory,
        reason: error.message,
      });
      generations?.close();
      for (const objects of this.#untaken.values()) closeGroup(objects);
      this.#untaken.clear();
      renameSync(this.#directory, replaced);
      this.#leftovers.push(replaced);
      return undefined;
    }
  }

  #make(): void {
    if (this.#isMade) return;
    makePinDirectory(this.#directory, (building) => this.generations.pin(join(building, GENERATIONS)));
    this.#isMade = true;
  }

  #unmake(): void {
    takeApart(this.#directory);
    this.#isMade = false;
  }

  #hold(release: () => void): void {
    this.#held.push(release);
    this.#holdTimer ??= setTimeout(() => this.#release(), HOLD_MS).unref();
  }

  #release(): void {
    this.#holdTimer = undefined;
    for (const release of this.#held.splice(0)) this.#tidy(release);
  }

  /** What comes after a switch cannot undo it. What it leaves, the next agent removes, or "merlon unload". */
  #tidy(step: () => void): boolean {
    try {
      step();
      return true;
    } catch (error) {
      this.warn('What was replaced cannot be removed', { reason: (error as Error).message });
      return false;
    }
  }
}

/** Maps beside roots whose values another version may read in another way. */
const VERSION = `v${EventLimit.EVENT_VERSION}`;

/** A name that no group has yet. */
export function newGroup(kind: 'owners' | 'follow' | 'conditions'): string {
  return `${kind}-${VERSION}-${randomInt(2 ** 47).toString(36)}`;
}

/** The name of the group of a root. One with a map that `isVersioned` is for agents of the same version only. */
export function rootGroup(key: string, isVersioned = false): string {
  const name = createHash('sha256')
    .update(isVersioned ? `${VERSION} ${key}` : key)
    .digest('hex');
  return `${ROOT}${isVersioned ? `${VERSION}-` : ''}${name.slice(0, 16)}`;
}

/** Of the same type, sizes and flags. */
function openGenerations(path: string): BpfMap {
  const map = addon.BpfMap.openPinned(path);
  const { type, keySize, valueSize, maxEntries, flags } = map.info();
  const wanted = GENERATIONS_MAP;
  const isRight =
    type === wanted.type &&
    keySize === wanted.keySize &&
    valueSize === wanted.valueSize &&
    maxEntries === wanted.maxEntries &&
    flags === wanted.flags;
  if (isRight) return map;
  map.close();
  throw new RangeError(`Cannot use the pinned map ${JSON.stringify(path)}: it is another one`);
}

function removeIfThere(directory: string): void {
  if (listPins(dirname(directory)).includes(basename(directory))) removePins(directory);
}

function removeIfEmpty(directory: string): void {
  if (listPins(dirname(directory)).includes(basename(directory)) && listPins(directory).length === 0)
    rmdirSync(directory);
}

/** Every link with its program. */
function openEarlierGroup(name: string, path: string): PinnedObjects {
  const objects = openGroup(path);
  const isRoot = name.startsWith(ROOT);
  const isWhole =
    [...objects.programs].every(
      ([each, program]) => objects.links.get(each)?.info().programId === program.info().id,
    ) &&
    (!isRoot || (objects.programs.has('hook') && objects.maps.get('instances')?.info().type === PROG_ARRAY));
  if (isWhole) return objects;
  closeGroup(objects);
  throw new RangeError(`Cannot use the pins in ${JSON.stringify(path)}: they do not belong together`);
}

const PROG_ARRAY = 3; // BPF_MAP_TYPE_PROG_ARRAY

function u32(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}
