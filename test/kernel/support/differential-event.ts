// SPDX-License-Identifier: Apache-2.0
/**
 * Events for random policies: six arguments, of which two are numbers, one points to a `struct thing`, two to strings, and
 * the last numbers the event. Everything that is pointed to stands in the bed's memory.
 */
import type { KernelFacts, ResolvedPath } from '../../../src/plan/kernel-facts.ts';
import { kernelFacts, type Random } from '../../../src/plan/testing.ts';
import { type Argument, NAMESPACE_KINDS } from '../../../src/policy/model.ts';
import type { EventProcess, EventValue } from './policy-reference.ts';

/** A string, or why there is none. Strings are of one character per byte. */
export type Pointed<Target> = Target | 'null' | 'bad';

export interface Thing {
  /** the bytes before the two pointers */
  readonly bytes: Buffer;
  readonly next: Pointed<Thing>;
  readonly name: Pointed<string>;
}

export interface RawEvent {
  readonly words: readonly [bigint, bigint];
  readonly thing: Pointed<Thing>;
  readonly texts: readonly [Pointed<string>, Pointed<string>];
  readonly number: number;
}

/** Of struct thing: C type, offset, bytes and (of a bit-field) its place; see `resolvePath`. */
export const MEMBERS = {
  u64: { typeName: 'unsigned long', offset: 0, size: 8, signed: false },
  i64: { typeName: 'long', offset: 8, size: 8, signed: true },
  i32: { typeName: 'int', offset: 16, size: 4, signed: true },
  u32: { typeName: 'unsigned int', offset: 20, size: 4, signed: false },
  i16: { typeName: 'short', offset: 24, size: 2, signed: true },
  u16: { typeName: 'unsigned short', offset: 26, size: 2, signed: false },
  i8: { typeName: 'signed char', offset: 28, size: 1, signed: true },
  u8: { typeName: 'unsigned char', offset: 29, size: 1, signed: false },
  b5: { typeName: 'unsigned int', offset: 32, size: 4, signed: false, bitOffset: 3, bitSize: 5 },
  s7: { typeName: 'int', offset: 32, size: 4, signed: true, bitOffset: 11, bitSize: 7 },
} as const;
export type MemberName = keyof typeof MEMBERS;

const NEXT = 40;
const NAME = 48;
const THING_BYTES = 64;
const STRING_ROOM = 8192;
/** Longest string that a value holds; of a longer one its beginning. */
const STRING_MAX = 4095;
const BUFFER_MAX = 4096;
/** No program may map it (vm.mmap_min_addr). */
const BAD_ADDRESS = 0x1000n;

/** The kernel of these policies; what is said of task_struct is the running one's. */
export function differentialFacts(running: KernelFacts, process: EventProcess): KernelFacts {
  const known = kernelFacts();
  return kernelFacts({
    hostNamespaces: NAMESPACE_KINDS.map((kind) => process.hostNamespaces[kind]),
    rawTracepoint: (event) =>
      known
        .rawTracepoint(event)
        ?.map((parameter, index) =>
          index === 2 ? { name: 'thing', typeName: 'struct thing *', kind: 'pointer', size: 8 } : parameter,
        ),
    resolvePath: (struct, path) => {
      if (struct === 'thing') return resolveThing(path);
      if (struct === 'cred') return { ...resolveThing('i64'), typeName: 'kernel_cap_t', kind: 'struct' };
      return running.resolvePath(struct, path);
    },
  });
}

function resolveThing(path: string): ResolvedPath {
  const parts = path.split('.');
  const last = parts.pop() ?? '';
  const steps = parts.map(() => ({ offset: NEXT, followsPointer: true }));
  if (last === 'name') {
    const place = { bitOffset: 0, bitSize: 0, size: 8, kind: 'pointer', typeName: 'const char *' };
    return { steps: [...steps, { offset: NAME, followsPointer: false }], ...place };
  }
  const { offset, size, typeName, ...member } = MEMBERS[last as MemberName];
  return {
    steps: [...steps, { offset, followsPointer: false }],
    bitOffset: 'bitOffset' in member ? member.bitOffset : 0,
    bitSize: 'bitSize' in member ? member.bitSize : 0,
    ...{ size, kind: 'int', typeName },
  };
}

/** Puts the event into the memory at `address`. Returns the arguments. */
export function placeEvent(event: RawEvent, memory: Buffer, address: bigint): bigint[] {
  let used = 0;
  const placeText = (text: Pointed<string>): bigint => {
    if (text === 'null' || text === 'bad') return text === 'null' ? 0n : BAD_ADDRESS;
    const start = used;
    used += STRING_ROOM;
    memory.fill(0xee, start, used);
    memory.write(`${text}\0`, start, 'latin1');
    return address + BigInt(start);
  };
  const placeThing = (thing: Pointed<Thing>): bigint => {
    if (thing === 'null' || thing === 'bad') return thing === 'null' ? 0n : BAD_ADDRESS;
    const pointers = [placeThing(thing.next), placeText(thing.name)];
    const start = used;
    used += THING_BYTES;
    thing.bytes.copy(memory, start);
    pointers.forEach((pointer, index) => memory.writeBigUInt64LE(pointer, start + NEXT + 8 * index));
    return address + BigInt(start);
  };
  const [first, second] = event.texts.map(placeText);
  return [...event.words, placeThing(event.thing), first ?? 0n, second ?? 0n, BigInt(event.number)];
}

const BITS: Partial<Record<Argument['type'], { bits: number; signed: boolean }>> = {
  int8: { bits: 8, signed: true },
  uint8: { bits: 8, signed: false },
  int16: { bits: 16, signed: true },
  uint16: { bits: 16, signed: false },
  int: { bits: 32, signed: true },
  uint32: { bits: 32, signed: false },
  long: { bits: 64, signed: true },
  uint64: { bits: 64, signed: false },
};

/** Bits and sign of what a number's argument holds. */
export function numberShape({ type, resolve }: Argument): { bits: number; signed: boolean } {
  const member = MEMBERS[resolve.split('.').at(-1) as MemberName] as (typeof MEMBERS)[MemberName] | undefined;
  const named = BITS[type];
  if (member === undefined) return named ?? { bits: 64, signed: false };
  const bits = 'bitSize' in member ? member.bitSize : 8 * member.size;
  return { bits, signed: named?.signed ?? member.signed };
}

/** What the argument of a policy is in this event. */
export function valueOf(argument: Argument, event: RawEvent): EventValue {
  const { index, type, resolve } = argument;
  if (argument.source === 'current_task') return { kind: 'number', number: BigInt(process.pid) };
  if (resolve !== '') return memberOf(argument, event.thing, resolve.split('.'));
  if (type === 'kernel_cap_t') return memberValue('u64', event.thing);
  if (type === 'cap_effective') return memberValue('i64', event.thing, false);
  const text = event.texts[index - 3];
  if (text !== undefined) return type === 'char_buf' ? bufferOf(text, event.words[1]) : textOf(text);
  const { bits, signed } = numberShape(argument);
  const word = index === 5 ? BigInt(event.number) : (event.words[index] ?? 0n);
  return { kind: 'number', number: signed ? BigInt.asIntN(bits, word) : BigInt.asUintN(bits, word) };
}

function memberOf(argument: Argument, thing: Pointed<Thing>, path: readonly string[]): EventValue {
  const [head = '', ...rest] = path;
  if (thing === 'null' || thing === 'bad') return { kind: 'unreadable' };
  if (rest.length > 0) return memberOf(argument, thing.next, rest);
  return head === 'name'
    ? textOf(thing.name)
    : memberValue(head as MemberName, thing, BITS[argument.type]?.signed);
}

function memberValue(name: MemberName, thing: Pointed<Thing>, sign?: boolean): EventValue {
  if (thing === 'null' || thing === 'bad') return { kind: 'unreadable' };
  const { offset, size, signed, ...more } = MEMBERS[name];
  const bytes = Buffer.concat([thing.bytes.subarray(offset, offset + size), Buffer.alloc(8)]);
  const shift = 'bitOffset' in more ? BigInt(more.bitOffset) : 0n;
  const bits = 'bitSize' in more ? more.bitSize : 8 * size;
  const word = bytes.readBigUInt64LE(0) >> shift;
  return {
    kind: 'number',
    number: (sign ?? signed) ? BigInt.asIntN(bits, word) : BigInt.asUintN(bits, word),
  };
}

function textOf(text: Pointed<string>): EventValue {
  if (text === 'null') return { kind: 'missing' };
  if (text === 'bad') return { kind: 'unreadable' };
  return text.length > STRING_MAX ? { kind: 'cut', text: text.slice(0, STRING_MAX) } : { kind: 'text', text };
}

/** As many bytes as the second argument says, whatever they are. */
function bufferOf(text: Pointed<string>, size: bigint): EventValue {
  if (text === 'null') return { kind: 'missing' };
  const length = BigInt.asIntN(64, size) < 0n ? 0n : size;
  // Nothing is read then.
  if (text === 'bad') return length === 0n ? { kind: 'text', text: '' } : { kind: 'unreadable' };
  const room = `${text}\0`.padEnd(STRING_ROOM, '\xee');
  return length > BUFFER_MAX
    ? { kind: 'cut', text: room.slice(0, BUFFER_MAX) }
    : { kind: 'text', text: room.slice(0, Number(length)) };
}

/** Bytes and pointers of things, words and texts from what the policies of the set name, or near it. */
export interface EventPool {
  readonly words: readonly bigint[];
  readonly texts: readonly string[];
}

export function randomEvent(random: Random, pool: EventPool, number: number): RawEvent {
  const pointed = <Target>(make: () => Target): Pointed<Target> =>
    random.chance(0.05) ? 'null' : random.chance(0.05) ? 'bad' : make();
  const word = (): bigint => BigInt.asUintN(64, random.pick(pool.words) + (random.chance(0.2) ? 1n : 0n));
  const text = (): string => {
    const one = random.pick(pool.texts);
    if (random.chance(0.5)) return one;
    return random.chance(0.5) ? `${one}${random.pick(pool.texts)}` : `${random.text(1, 3)}${one}`;
  };
  const thing = (depth: number): Thing => {
    const bytes = Buffer.alloc(NEXT);
    for (const { offset, size } of Object.values(MEMBERS))
      Buffer.from(BigUint64Array.of(word()).buffer).copy(bytes, offset, 0, size);
    return {
      bytes,
      next: depth === 0 ? 'null' : pointed(() => thing(depth - 1)),
      name: pointed(() => text().slice(0, 200)),
    };
  };
  const cutText = (): string => text().slice(0, STRING_ROOM - 1);
  const size = random.chance(0.6)
    ? BigInt(random.pick([0, 1, 3, 8, 20, 255, 256, 257, 4095, 4096, 4097]))
    : word();
  return {
    words: [word(), size],
    thing: pointed(() => thing(2)),
    texts: [pointed(cutText), pointed(cutText)],
    number,
  };
}
