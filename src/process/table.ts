// SPDX-License-Identifier: Apache-2.0
import type { ImageKey, ProcessKey } from '../events/record.ts';
import type { Image, Process, ProcessOrigin } from './process.ts';
import { imageIdOf } from './process.ts';

/** What a Process object, its map entries and its identifiers take, without its image (measured with a heap snapshot). */
const PROCESS_BYTES = 420;

/** Deeper chains than this lose their ended ancestors, and events name this many at most. */
export const MAX_DEPTH = 256;

export interface TableStats {
  readonly living: number;
  /** ended processes kept for living descendants, or for a moment (see EndedProcesses) */
  readonly retained: number;
  readonly bytes: number;
  /** processes that found no room; their events went out all the same, marked */
  readonly refused: number;
  /** ended ancestors given up to make room; their descendants are marked */
  readonly pruned: number;
  /** ends of processes that no event told of, found later */
  readonly lostExits: number;
}

/**
 * The living processes and the ancestors that they still need, within a byte budget.
 *
 * A process is found by its id and start time. Parents are object references, so an ended ancestor lives exactly as long
 * as a descendant names it; the table only keeps the account. Ancestors are those at birth: a process that outlives its
 * parent keeps it, though the kernel gives it another.
 */
export class ProcessTable {
  /** called when the budget is reached, before ended ancestors are given up; what it lets go makes room */
  onPressure: (() => void) | undefined;
  readonly #budget: number;
  readonly #living = new Map<number, Process>();
  /** every image in the account, by imageId; finds the parent that the kernel names by its image */
  readonly #images = new Map<string, Process>();
  #bytes = 0;
  #refused = 0;
  #pruned = 0;
  #lostExits = 0;

  constructor(budgetBytes: number) {
    this.#budget = budgetBytes;
  }

  get stats(): TableStats {
    return {
      living: this.#living.size,
      retained: this.#images.size - this.#living.size,
      bytes: this.#bytes,
      refused: this.#refused,
      pruned: this.#pruned,
      lostExits: this.#lostExits,
    };
  }

  living(): Iterable<Process> {
    return this.#living.values();
  }

  /** The present image of a living process, when id and start time are those of the table's. */
  find(key: ProcessKey): Process | undefined {
    const process = this.#living.get(key.tgid);
    return process !== undefined && process.startTime === key.startTime ? process : undefined;
  }

  /** The living process that has this id now, whatever its start time. */
  findByTgid(tgid: number): Process | undefined {
    return this.#living.get(tgid);
  }

  /** An image by the kernel's key, living or kept for its descendants. */
  findImage(key: ImageKey): Process | undefined {
    return this.#images.get(imageIdOf(key));
  }

  /**
   * Enters a process, in place of an earlier image of it. Returns false when the budget has no room: the caller then
   * reports the process, but its descendants will not find it.
   */
  insert(process: Process): boolean {
    const before = this.#living.get(process.tgid);
    // First of all, so that taking the earlier image out cannot release the parent that both name.
    if (process.parent !== undefined) process.parent.children++;
    if (before !== undefined) {
      if (before.startTime !== process.startTime) this.#lostExits++;
      this.remove(before);
    }
    if (process.depth > MAX_DEPTH) this.#shorten(process);
    const bytes = bytesOf(process);
    if (this.#bytes + bytes > this.#budget && !this.#prune(bytes)) {
      this.#refused++;
      process.alive = false;
      if (process.parent !== undefined) {
        process.parent.children--;
        this.#release(process.parent);
      }
      return false;
    }
    this.#bytes += bytes;
    this.#living.set(process.tgid, process);
    this.#images.set(process.imageId, process);
    return true;
  }

  /** Takes what a record tells of an image that is there already: more than the snapshot could see. */
  learn(process: Process, image: Image, origin: ProcessOrigin): void {
    const before = bytesOf(process);
    process.image = image;
    process.origin = origin;
    process.jsonFragment = undefined;
    this.#bytes += bytesOf(process) - before;
  }

  /** Ends a process, or an image that another has replaced; it stays in the account while descendants need it. */
  remove(process: Process): void {
    if (!process.alive) return;
    process.alive = false;
    if (this.#living.get(process.tgid) === process) this.#living.delete(process.tgid);
    this.#release(process);
  }

  /** Ends every process that `isAlive` denies: after a loss, for which no event may ever come. Returns how many. */
  sweep(isAlive: (process: Process) => boolean): number {
    let ended = 0;
    for (const process of [...this.#living.values()]) {
      if (isAlive(process)) continue;
      this.remove(process);
      ended++;
    }
    this.#lostExits += ended;
    return ended;
  }

  /** Keeps a process in the account beyond its end, until unhold(): findImage() finds it. */
  hold(process: Process): void {
    process.children++;
  }

  unhold(process: Process): void {
    process.children--;
    this.#release(process);
  }

  /** Leaves the account with those ancestors that nothing else needs. */
  #release(process: Process): void {
    let current: Process | undefined = process;
    while (current !== undefined && !current.alive && current.children === 0) {
      if (!this.#images.delete(current.imageId)) return;
      this.#bytes -= bytesOf(current);
      current = current.parent;
      if (current !== undefined) current.children--;
    }
  }

  /** Makes room for `bytes` by giving up ended ancestors. A living one is never given up. */
  #prune(bytes: number): boolean {
    this.onPressure?.();
    if (this.#bytes + bytes <= this.#budget) return true;
    for (const process of this.#living.values()) this.#cutAbove(process);
    return this.#bytes + bytes <= this.#budget;
  }

  /** Gives up ended ancestors of a chain that has grown too deep. */
  #shorten(process: Process): void {
    const chain: Process[] = [];
    for (let link: Process | undefined = process; link !== undefined; link = link.parent) {
      this.#cutAbove(link);
      chain.push(link);
    }
    let depth = chain.at(-1)?.depth ?? 0;
    for (const link of chain.reverse()) link.depth = depth++;
  }

  /**
   * Keeps, of the ended ancestors directly above `process`, only the nearest and joins it to the nearest living one. A
   * chain of forks that each end at once would otherwise grow for ever.
   */
  #cutAbove(process: Process): void {
    const ended = process.parent;
    if (ended === undefined || ended.alive || ended.parent === undefined || ended.parent.alive) return;
    const given = ended.parent;
    let living: Process | undefined = given;
    while (living !== undefined && !living.alive) living = living.parent;
    ended.parent = living;
    ended.cut = true;
    if (living !== undefined) living.children++;
    const before = this.#images.size;
    given.children--;
    this.#release(given);
    this.#pruned += before - this.#images.size;
  }
}

/** An image that came by fork is its parent's: counted once, with the process that executed it. */
function bytesOf(process: Process): number {
  return PROCESS_BYTES + (process.origin === 'fork' ? 0 : (process.image?.bytes ?? 0));
}
