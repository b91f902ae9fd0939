// SPDX-License-Identifier: Apache-2.0
import type { StackFrame, StackPlace } from '../enrich/stack-frame.ts';
import { ValueEntry, ValueFlag, ValueStackPlace } from '../events/gen/layouts.ts';
import type { HookRecord } from '../events/hook-record.ts';
import type { Process } from '../process/process.ts';
import type { ChunkWriter } from './chunk-writer.ts';
import type { HookDetails } from './hook-details.ts';
import type { HookJsonOptions } from './hook-options.ts';

const ADDRESS_BYTES = 8;
const KERNEL_TGID = 0;
/** BPF_STACK_BUILD_ID_VALID of include/uapi/linux/bpf.h */
const PLACE_VALID = 1;
/** Frames of the kernel whose text is kept: few of its call sites lead to a hook. */
const KEPT_FRAMES = 8192;

/**
 * Writes stacks as lists of tetragon.StackTraceEntry, the innermost frame first. A frame of which nothing is known keeps its
 * place as an empty entry, so that the distance between the others is not falsified.
 */
export class StackWriter {
  readonly #out: ChunkWriter;
  readonly #options: HookJsonOptions;
  readonly #kernelFrames = new Map<bigint, string>();

  constructor(out: ChunkWriter, options: HookJsonOptions) {
    this.#out = out;
    this.#options = options;
  }

  appendKernel(record: HookRecord, details: HookDetails): void {
    this.#append('kernel_stack_trace', ValueEntry.VALUE_KERNEL_STACK, record, details, (address) =>
      this.#kernelFrame(address),
    );
  }

  /**
   * The mappings of a process that has ended, or has executed another program since, are not there to be asked: then the files
   * are known by their build ids, as the kernel saw them.
   */
  appendUser(record: HookRecord, process: Process, details: HookDetails): void {
    const places = record.find(ValueEntry.VALUE_USER_PLACES);
    this.#append('user_stack_trace', ValueEntry.VALUE_USER_STACK, record, details, (address, index) => {
      const mapped = process.alive ? this.#options.findFrame(address, process.tgid) : undefined;
      const place = mapped === undefined ? placeAt(record, places, index) : undefined;
      const frame =
        place === undefined ? mapped : this.#options.findPlace(place, process.image?.binary ?? '');
      if (frame !== undefined && frame.symbol === '' && frame.buildId !== '')
        details.buildIds.set(frame.module, frame.buildId);
      return this.#entry(address, frame);
    });
  }

  #append(
    key: string,
    entry: number,
    record: HookRecord,
    { shortfall }: HookDetails,
    frameOf: (address: bigint, index: number) => string,
  ): void {
    const place = record.find(entry);
    if (place < 0) return;
    const flags = record.flagsOf(place);
    if ((flags & ValueFlag.VALUE_TRUNCATED) !== 0) shortfall.truncated.push(key);
    if ((flags & ValueFlag.VALUE_UNREADABLE) !== 0) shortfall.unreadable.push(key);
    const start = record.dataOf(place);
    const end = start + record.lengthOf(place);
    const frames: string[] = [];
    for (let at = start; at + ADDRESS_BYTES <= end; at += ADDRESS_BYTES) {
      const address = record.view.getBigUint64(at, true);
      if (address !== 0n) frames.push(frameOf(address, (at - start) / ADDRESS_BYTES));
    }
    if (frames.length > 0) this.#out.appendText(`,"${key}":[${frames.join()}]`);
  }

  #kernelFrame(address: bigint): string {
    const known = this.#kernelFrames.get(address);
    if (known !== undefined) return known;
    const frame = this.#options.findFrame(address, KERNEL_TGID);
    const text = this.#entry(address, frame);
    // What is not known now may be a module whose symbols come later.
    if (frame === undefined) return text;
    if (this.#kernelFrames.size >= KEPT_FRAMES) this.#kernelFrames.clear();
    this.#kernelFrames.set(address, text);
    return text;
  }

  #entry(address: bigint, frame: StackFrame | undefined): string {
    return JSON.stringify({
      ...(this.#options.stackAddresses && { address: String(address) }),
      ...(frame !== undefined && frame.offset !== 0n && { offset: String(frame.offset) }),
      ...(frame !== undefined && frame.symbol !== '' && { symbol: frame.symbol }),
      ...(frame !== undefined && frame.module !== '' && { module: frame.module }),
    });
  }
}

/** The file and offset of the address at `index` of a stack; undefined where the kernel could not tell. */
function placeAt(record: HookRecord, places: number, index: number): StackPlace | undefined {
  if (places < 0 || (index + 1) * ValueStackPlace.sizeof > record.lengthOf(places)) return undefined;
  const at = record.dataOf(places) + index * ValueStackPlace.sizeof;
  if (record.view.getUint32(at + ValueStackPlace.status, true) !== PLACE_VALID) return undefined;
  const id = record.bytes.subarray(at + ValueStackPlace.buildId, at + ValueStackPlace.offset);
  return {
    buildId: Buffer.from(id).toString('hex'),
    offset: record.view.getBigUint64(at + ValueStackPlace.offset, true),
  };
}
