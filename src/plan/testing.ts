// SPDX-License-Identifier: Apache-2.0
/** Parts of policies and of a kernel as plain data, and repeatable random numbers, for tests of plans. */
import type { SourcePosition } from '../base/source-position.ts';
import type {
  Argument,
  ArgumentType,
  Hook,
  Operand,
  Policy,
  Selector,
  TracepointHook,
  ValueCondition,
} from '../policy/model.ts';
import type { KernelFacts } from './kernel-facts.ts';

export const AT: SourcePosition = { file: 'test.yaml', line: 1, column: 1, text: '' };

export function argument(index: number, type: ArgumentType, more: Partial<Argument> = {}): Argument {
  return {
    ...{ index, type, spelling: type, source: 'argument', resolve: '' },
    ...{ btfType: undefined, btfTypeModule: undefined, sizeArgument: undefined },
    ...{ returnCopy: false, maxData: false, label: undefined, at: AT },
    fieldAt: { index: AT, type: AT, resolve: AT },
    ...more,
  };
}

export function selector(parts: Partial<Selector> = {}): Selector {
  return {
    ...{ label: undefined, pids: [], args: [], data: [], returnArgs: [], binaries: [], parentBinaries: [] },
    ...{ namespaces: [], namespaceChanges: [], capabilities: [], capabilityChanges: [] },
    ...{ workload: undefined, actions: [], returnActions: [], at: AT },
    ...parts,
  };
}

export function condition(entry: number, operand: Operand, negated = false): ValueCondition {
  return { entry, operator: operand.op, negated, operand, at: AT };
}

/** A hook at a raw tracepoint of the kernel that kernelFacts() describes. */
export function rawHook(
  args: readonly Argument[],
  selectors: readonly Selector[],
  event = 'test',
): TracepointHook {
  const common = { args, data: [], selectors, message: '', tags: [], at: AT };
  return { kind: 'tracepoint', subsystem: 'test', event, raw: true, ...common };
}

export function policy(name: string, hooks: readonly Hook[], more: Partial<Policy> = {}): Policy {
  return {
    ...{ kind: 'TracingPolicy', name, namespace: undefined, extensions: new Map(), at: AT, hooks },
    ...{ loader: false, lists: [], enforcers: [], nodeSelector: undefined },
    workload: { podSelector: undefined, containerSelector: undefined, host: false, at: AT },
    options: {
      disableKprobeMulti: false,
      disableUprobeMulti: false,
      mode: undefined,
      overrideMethod: undefined,
    },
    ...more,
  };
}

/** A kernel with the raw tracepoint `test`, whose six arguments are of 64 bits; the rest is for the test to say. */
export function kernelFacts(more: Partial<KernelFacts> = {}): KernelFacts {
  const parameters = Array.from({ length: 6 }, (_, index) => ({
    ...{ name: `a${index}`, typeName: 'unsigned long', kind: 'int', size: 8 },
  }));
  return {
    attach: { trampoline: false, lsm: false, kprobe: false, kprobeMulti: false },
    canAct: () => false,
    refusals: new Map(),
    hostNamespaces: [],
    findFunction: () => undefined,
    functionNames: () => [],
    resolvePath: (struct, path) => {
      throw new Error(`struct ${struct} has no ${path}`);
    },
    findStruct: () => undefined,
    tracepointFields: () => undefined,
    eventNames: () => [],
    rawTracepoint: (event) => (event === 'test' ? parameters : undefined),
    fileIdentity: () => undefined,
    forgetFiles: () => undefined,
    userFile: (path) => {
      throw new Error(`there is no file ${path}`);
    },
    userTypes: (path) => {
      throw new Error(`there is no file ${path}`);
    },
    syscallAbis: ['x64', 'i386'],
    moduleTypes: (name) => {
      throw new Error(`there is no module ${name}`);
    },
    syscallNumber: () => undefined,
    syscallNames: () => [],
    traceableFunctions: () => [],
    ...more,
  };
}

/** Repeatable random choices (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** from 0 to below `bound` */
  below(bound: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let word = this.#state;
    word = Math.imul(word ^ (word >>> 15), word | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return Math.floor((((word ^ (word >>> 14)) >>> 0) / 2 ** 32) * bound);
  }

  chance(probability: number): boolean {
    return this.below(1_000_000) < probability * 1_000_000;
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new RangeError('Nothing to pick from');
    return item;
  }

  list<Item>(minimum: number, maximum: number, make: () => Item): Item[] {
    return Array.from({ length: minimum + this.below(maximum - minimum + 1) }, make);
  }

  /** 64 bits, often near an edge of a type. */
  word(): bigint {
    const edge = 1n << this.pick([0n, 7n, 8n, 15n, 16n, 31n, 32n, 63n, 64n]);
    const near = BigInt(this.below(7)) - 3n;
    const any = (BigInt(this.below(2 ** 32)) << 32n) | BigInt(this.below(2 ** 32));
    const word = this.pick([near, edge + near, -edge + near, any, BigInt(this.below(100))]);
    return BigInt.asUintN(64, word);
  }

  /** Of few letters, so that strings have parts in common. */
  text(minimum: number, maximum: number, letters = 'abAB/'): string {
    return this.list(minimum, maximum, () => letters.charAt(this.below(letters.length))).join('');
  }
}
