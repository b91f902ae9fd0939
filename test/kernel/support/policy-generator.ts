// SPDX-License-Identifier: Apache-2.0
/** Random policies for the hook of differential-event.ts. */
import { argument, condition, policy, type Random, rawHook, selector } from '../../../src/plan/testing.ts';
import { randomCel } from '../../../src/plan/cel-testing.ts';
import type { CelType } from '../../../src/policy/cel-node.ts';
import type {
  Argument,
  BinaryCondition,
  Operand,
  Policy,
  Selector,
  ValueCondition,
} from '../../../src/policy/model.ts';
import { NAMESPACE_KINDS } from '../../../src/policy/model.ts';
import { type EventPool, MEMBERS, numberShape } from './differential-event.ts';
import type { EventProcess } from './policy-reference.ts';

/** What the policies and the events of a set have in common, so that conditions hold often enough. */
export interface Pool extends EventPool {
  readonly binaries: readonly string[];
  readonly process: EventProcess;
}

const CHOICES: readonly ((random: Random) => Argument)[] = [
  (random) =>
    argument(0, random.pick(['int8', 'uint8', 'int16', 'uint16', 'int', 'uint32', 'long', 'uint64'])),
  (random) => argument(1, random.pick(['int', 'uint32', 'long', 'auto'])),
  (random) =>
    argument(2, 'auto', {
      resolve: random.pick(['', 'next.', 'next.next.']) + random.pick(Object.keys(MEMBERS)),
    }),
  (random) =>
    argument(2, random.pick(['int', 'uint32', 'long', 'uint64']), {
      resolve: random.pick(['', 'next.']) + random.pick(Object.keys(MEMBERS)),
    }),
  (random) => argument(2, 'auto', { resolve: random.pick(['name', 'next.name']) }),
  (random) => argument(2, random.pick(['kernel_cap_t', 'cap_effective'])),
  () => argument(3, 'string'),
  () => argument(4, 'string'),
  () => argument(4, 'char_buf', { sizeArgument: 1 }),
  () => argument(5, 'uint64'),
];

export function randomPolicy(random: Random, name: string, pool: Pool): Policy {
  const args = random.list(1, 4, () => random.pick(CHOICES)(random));
  const data = random.chance(0.2)
    ? [argument(0, 'int', { source: 'current_task', resolve: random.pick(['tgid', 'group_leader.pid']) })]
    : [];
  const count = random.chance(0.04) ? 65 + random.below(140) : random.chance(0.05) ? 0 : 1 + random.below(5);
  // A policy of many selectors compares few kinds of things, as people's do; a program has so many tables only.
  const kinds = random.list(1, count > 10 ? 3 : 5, () => random.pick(KINDS));
  const selectors = Array.from({ length: count }, () => {
    const made = random.list(random.chance(0.05) ? 0 : 1, 4, () =>
      random.pick(kinds)(random, pool, args, data),
    );
    const actions = random.chance(0.15) ? [{ kind: 'NoPost', at: condition(0, NOTHING).at } as const] : [];
    return selector({ ...mergeParts(made), actions });
  });
  const extensions = new Map(
    random.chance(0.5) ? [['on-unreadable', random.pick(['match', 'no-match'])]] : [],
  );
  return policy(name, [{ ...rawHook(args, selectors), data }], { extensions });
}

const NOTHING: Operand = { op: 'numbers', values: [], lists: [] };
type Parts = Partial<Selector>;
type Kind = (random: Random, pool: Pool, args: readonly Argument[], data: readonly Argument[]) => Parts;

const argumentKind: Kind = (random, pool, args) => {
  const entry = random.below(args.length);
  return { args: [valueCondition(random, pool, args, entry)] };
};

const CEL_TYPES: Partial<Record<Argument['type'], CelType>> = {
  int: 'int32',
  uint32: 'uint32',
  long: 'int',
  uint64: 'uint',
};

const celKind: Kind = (random, pool, args) => {
  const types = args.map(({ type }) => CEL_TYPES[type]);
  const expression = randomCel(random, types, pool.words, random.below(5));
  return { args: [condition(0, { op: 'cel', expression, at: AT })] };
};

const KINDS: readonly Kind[] = [
  ...[argumentKind, argumentKind, argumentKind, argumentKind, argumentKind, argumentKind],
  ...[celKind, celKind],
  (random, pool, _, data) => {
    if (data.length === 0) return {};
    const values = random.list(1, 3, () => BigInt(random.pick([pool.process.pid, 1, 77])));
    return { data: [condition(0, { op: 'numbers', values, lists: [] }, random.chance(0.4))] };
  },
  (random, { process }) => {
    const isNamespacePid = random.chance(0.3);
    const own = isNamespacePid ? process.namespacePid : process.pid;
    const values = random.list(1, 4, () => random.pick([own, own + 1, 0, 1, 2]));
    return { pids: [{ negated: random.chance(0.4), values, isNamespacePid, followForks: false, at: AT }] };
  },
  (random, { process }) => {
    const namespace = random.pick(NAMESPACE_KINDS);
    const values = random.list(1, 3, () =>
      random.pick([process.namespaces[namespace], 'host_ns', 12345] as const),
    );
    return { namespaces: [{ namespace, negated: random.chance(0.4), values, at: AT }] };
  },
  (random) => {
    const mask = random.chance(0.3) ? random.word() : 1n << BigInt(random.below(64));
    const set = random.pick(['Effective', 'Inheritable', 'Permitted'] as const);
    const isNamespaceCapability = random.chance(0.1);
    return {
      capabilities: [{ set, negated: random.chance(0.4), isNamespaceCapability, mask, at: AT }],
    };
  },
  (random, pool) => ({ binaries: [binaryCondition(random, pool)] }),
  (random, pool) => ({ parentBinaries: [binaryCondition(random, pool)] }),
];

const { at: AT } = condition(0, NOTHING);

function mergeParts(parts: readonly Parts[]): Parts {
  const merged: Record<string, unknown[]> = {};
  for (const part of parts)
    for (const [name, list] of Object.entries(part))
      merged[name] = [...(merged[name] ?? []), ...(list as unknown[])];
  return merged;
}

const TEXT_MATCHES = ['exact', 'prefix', 'postfix'] as const;
/** Longest text that a trie of the kernel holds. */
const TRIE_BYTES = 256;

function binaryCondition(random: Random, { binaries }: Pool): BinaryCondition {
  const match = random.pick(TEXT_MATCHES);
  const values = random.list(1, 4, () => part(random, match, random.pick(binaries)));
  return { negated: random.chance(0.4), match, values, followChildren: false, at: AT };
}

function valueCondition(
  random: Random,
  pool: Pool,
  args: readonly Argument[],
  entry: number,
): ValueCondition {
  const own = args[entry];
  if (own === undefined) throw new RangeError('No such entry');
  const isText = own.index === 3 || own.index === 4 || own.resolve.endsWith('name');
  const negated = random.chance(0.4);
  if (isText) {
    const match = random.pick([...TEXT_MATCHES, 'substring'] as const);
    const ignoreCase = match === 'substring' && random.chance(0.4);
    const texts = random.list(1, random.chance(0.05) ? 60 : 4, () =>
      part(random, match, random.pick(pool.texts)),
    );
    return condition(
      entry,
      { op: 'strings', match, ignoreCase, values: texts },
      match !== 'substring' && negated,
    );
  }
  const old = args.findIndex(({ type }) => type === 'kernel_cap_t' || type === 'cap_effective');
  if (own.type === 'kernel_cap_t' || own.type === 'cap_effective')
    if (random.chance(0.4)) return condition(entry, { op: 'capabilitiesGained', against: old });
  const operand = numberOperand(random, pool, own);
  return condition(entry, operand, operand.op !== 'mask' && negated);
}

function numberOperand(random: Random, pool: Pool, own: Argument): Operand {
  const { bits, signed } = numberShape(own);
  const number = (): bigint => {
    const word = BigInt.asUintN(64, random.pick(pool.words) + BigInt(random.below(3)) - 1n);
    return signed ? BigInt.asIntN(bits, word) : BigInt.asUintN(bits, word);
  };
  if (random.chance(0.2))
    return { op: 'mask', values: random.list(1, 3, () => BigInt.asUintN(bits, number())) };
  if (random.chance(0.5))
    return { op: 'numbers', values: random.list(1, random.chance(0.1) ? 300 : 6, number), lists: [] };
  const ranges = random.list(1, 4, () => {
    const [a, b] = [number(), number()];
    return a < b ? { from: a, to: b } : { from: b, to: a };
  });
  return { op: 'ranges', ranges };
}

/** A part of the text that is compared in this way, or something near it. */
function part(random: Random, match: Extract<Operand, { op: 'strings' }>['match'], text: string): string {
  const wrong = random.chance(0.15) ? 'x' : '';
  const length =
    match === 'exact' ? text.length : Math.min(1 + random.below(text.length + 1), TRIE_BYTES - 1);
  switch (match) {
    case 'exact':
      return (text + wrong).slice(0, 4095);
    case 'prefix':
      return text.slice(0, length) + wrong || 'a';
    case 'postfix':
      return wrong + text.slice(-length) || 'a';
    case 'substring': {
      const start = random.below(text.length + 1);
      return text.slice(start, start + length) + wrong || 'a';
    }
  }
}

export function randomPool(random: Random, process: EventProcess): Pool {
  const long = random.text(8000, 8000);
  const lengths = [255, 256, 257, 1000, 4093, 4094, 4095, 4096, 4097, 6000];
  return {
    words: random.list(6, 16, () => random.word()),
    texts: [
      ...['', 'a', '/', ...random.list(6, 12, () => random.text(1, 24))],
      ...random.list(2, 3, () => long.slice(-random.pick(lengths))),
    ],
    binaries: [
      ...random.list(3, 6, () => `/${random.text(1, 20)}`),
      ...random.list(1, 2, () => `/${long.slice(0, random.pick([254, 255, 256, 257, 4094]))}`),
      ...[process.binary, process.parentBinary].filter((path) => path !== undefined),
    ],
    process,
  };
}
