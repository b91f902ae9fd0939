// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Action } from '../policy/model.ts';
import type { UserTarget } from './attach-target.ts';
import type { KernelFacts, UserFile } from './kernel-facts.ts';
import { PlanError } from './plan-problem.ts';
import { argument, AT, kernelFacts } from './testing.ts';
import { parseUsdtArguments } from './usdt-argument.ts';
import { overrideWrites, setWrite, type UserWrite } from './user-writes.ts';

/** Places of struct pt_regs on x86_64. */
const REGISTERS = [
  'r15',
  'r14',
  'r13',
  'r12',
  'bp',
  'bx',
  'r11',
  'r10',
  'r9',
  'r8',
  'ax',
  'cx',
  'dx',
  'si',
  'di',
];
const PLACES = new Map([...REGISTERS.entries()].map(([word, name]) => [name, 8 * word]));
PLACES.set('ip', 128).set('sp', 152);

const FACTS: KernelFacts = kernelFacts({
  resolvePath: (struct, path) => {
    const offset = PLACES.get(path);
    if (struct !== 'pt_regs' || offset === undefined) throw new Error(`no ${path}`);
    return {
      ...{ steps: [{ offset, followsPointer: false }], bitOffset: 0, bitSize: 0, size: 8 },
      ...{ kind: 'int', typeName: 'unsigned long' },
    };
  },
  userFile: () =>
    ({
      symbol: (name: string) => (name === 'other' ? 0x402000 : undefined),
      fileOffset: (address: number) => address - 0x400000,
      isMapped: (offset: number) => offset < 0x9000,
    }) as UserFile,
});

const TARGET: UserTarget = {
  ...{
    by: 'uprobe',
    path: '/p',
    openPath: '/p',
    identity: 'i',
    offset: 0x1000,
    refCtrOffset: 0,
    name: 'hooked',
  },
};

function override(
  more: Partial<Extract<Action, { kind: 'Override' }>>,
): Extract<Action, { kind: 'Override' }> {
  return {
    ...{ kind: 'Override', error: undefined, registers: [], newSymbol: undefined, newAddress: undefined },
    ...{ newOffset: undefined, at: AT, ...more },
  };
}

function register(
  to: number,
  source: UserWrite['source'],
  from: number,
  value: bigint,
  bytes = 8,
): UserWrite {
  return { target: 'register', source, bytes, to, from, offset: 0n, value };
}

describe('Override of a uprobe', () => {
  const planned = (more: Parameters<typeof override>[0]) => overrideWrites(override(more), TARGET, FACTS);

  test('an error: what was called returns at once', () => {
    assert.deepEqual(planned({ error: -13 }), {
      writes: [
        register(80, 'constant', 0, -13n),
        register(128, 'loaded', 152, 0n),
        register(152, 'sum', 152, 8n),
      ],
      leaves: true,
    });
  });

  test('registers, whole or in part', () => {
    assert.deepEqual(planned({ registers: ['eax=0x10', 'rbp=%rsp', 'di=-1', 'rcx=8(%rsp)'] }), {
      writes: [
        register(80, 'constant', 0, 16n, 4),
        register(32, 'sum', 152, 0n),
        register(112, 'constant', 0, -1n, 2),
        register(88, 'loaded', 152, 8n),
      ],
      leaves: false,
    });
  });

  test('another place of the file, as a distance', () => {
    for (const place of [{ newSymbol: 'other' }, { newAddress: 0x402000n }, { newOffset: 0x2000n }])
      assert.deepEqual(planned(place), { writes: [register(128, 'sum', 128, 0x1000n)], leaves: true });
  });

  test('what is not there is refused', () => {
    for (const place of [{ newSymbol: 'none' }, { newOffset: 0x9000n }, { registers: ['x0=1'] }])
      assert.throws(() => planned(place), PlanError);
  });
});

test('Set writes an argument that is in memory', () => {
  const args = parseUsdtArguments('-4@%edi -4@-8(%rbp) 4@$5');
  const set = (index: number): UserWrite =>
    setWrite({ kind: 'Set', argument: 0, value: -2, at: AT }, argument(index, 'int'), args, FACTS);
  assert.deepEqual(set(1), {
    ...{ target: 'memory', source: 'constant', bytes: 4, to: 32, from: 0, offset: -8n, value: -2n },
  });
  assert.throws(() => set(0), PlanError);
  assert.throws(() => set(2), PlanError);
});
