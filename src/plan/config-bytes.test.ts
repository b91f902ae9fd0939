// SPDX-License-Identifier: Apache-2.0
// A struct hook_config read back field by field.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DimensionConfig, HookConfig, HookLimit, ValueConfig } from '../events/gen/layouts.ts';
import { configBytes } from './config-bytes.ts';
import type { InstancePlan } from './instance-plan.ts';
import { planInstances } from './plan-instances.ts';
import { planPolicy } from './plan-policies.ts';
import { argument, condition, kernelFacts, policy, rawHook, selector } from './testing.ts';

const SECRET = [0x1122334455667788n, 0x99aabbccddeeff00n] as const;
const facts = kernelFacts({
  rawTracepoint: () => [{ name: 'a', typeName: 'struct a *', kind: 'pointer', size: 8 }],
  resolvePath: () => ({
    steps: [
      { offset: 0x10, followsPointer: true },
      { offset: 0x7fff_fff0, followsPointer: true },
      { offset: 0x20, followsPointer: false },
    ],
    ...{ bitOffset: 3, bitSize: 5, size: 4, kind: 'int', typeName: 'unsigned int' },
  }),
});

function instance(): InstancePlan {
  const number = condition(0, { op: 'numbers', values: [7n], lists: [] });
  const ranges = condition(1, { op: 'ranges', ranges: [{ from: -1n, to: 5n }] });
  const args = [argument(0, 'auto', { resolve: 'x.y.z' }), argument(0, 'long')];
  const selectors = [
    ...Array.from({ length: 64 }, () => selector({ args: [number] })),
    selector({ args: [ranges] }),
  ];
  const hooks = [...planPolicy(policy('p', [rawHook(args, selectors)]), facts).values()].flat();
  const [plan] = planInstances(hooks, SECRET);
  assert.ok(plan !== undefined);
  return plan;
}

test('each field stands at its offset', () => {
  const plan = instance();
  const bytes = configBytes(plan, { hook: 11, generation: 22, next: 33, continues: false }, SECRET);
  const view = new DataView(bytes.buffer);
  const u32 = (offset: number): number => view.getUint32(offset, true);
  const u64 = (offset: number): bigint => view.getBigUint64(offset, true);
  assert.equal(bytes.length, HookConfig.sizeof);
  assert.deepEqual(
    [HookConfig.hook, HookConfig.generation, HookConfig.group, HookConfig.words].map(u32),
    [11, 22, 33, 2],
  );
  assert.deepEqual([HookConfig.values, HookConfig.dimensions, HookConfig.arguments].map(u32), [2, 2, 1]);
  assert.deepEqual([u64(HookConfig.secret), u64(HookConfig.secret + 8)], SECRET);

  const value = HookConfig.value;
  assert.equal(view.getUint8(value + ValueConfig.steps), 3);
  assert.equal(view.getUint8(value + ValueConfig.size), 4);
  assert.equal(view.getUint8(value + ValueConfig.bitShift), 3);
  assert.equal(view.getUint8(value + ValueConfig.bitWidth), 5);
  assert.deepEqual(
    [0, 4, 8].map((step) => u32(value + ValueConfig.path + step)),
    [0x8000_0010, 0xffff_fff0, 0x20],
  );
  assert.equal(view.getUint8(value + ValueConfig.sizeof + ValueConfig.size), 8);
  assert.equal(view.getUint8(value + ValueConfig.sizeof + ValueConfig.steps), 0);

  const range = plan.dimensions.findIndex(({ bias }) => bias !== 0n);
  const dimension = HookConfig.dimension + range * DimensionConfig.sizeof;
  assert.equal(view.getUint8(dimension + DimensionConfig.kind), plan.dimensions[range]?.kind);
  assert.equal(view.getUint8(dimension + DimensionConfig.entry), 1);
  assert.equal(u32(dimension + DimensionConfig.count), plan.dimensions[range]?.count);
  assert.equal(u64(dimension + DimensionConfig.bias), 1n << 63n);
  assert.deepEqual(
    [0, 8].map((at) => u64(dimension + DimensionConfig.miss + at)),
    [(1n << 64n) - 1n, 0n],
  );

  assert.deepEqual(
    [0, 8].map((at) => u64(HookConfig.rulesAll + at)),
    [(1n << 64n) - 1n, 1n],
  );
  assert.deepEqual(
    [0, 8].map((at) => u64(HookConfig.rulesFirst + at)),
    [1n, 1n],
  );
  assert.deepEqual(
    [0, 8].map((at) => u64(HookConfig.rulesLast + at)),
    [1n << 63n, 1n],
  );
  assert.deepEqual(
    [0, 8].map((at) => u64(HookConfig.rulesCarries + at)),
    [0n, 1n],
  );
});

test('the largest plan fits its struct', () => {
  const types = ['int8', 'uint8', 'int16', 'uint16', 'int', 'uint32', 'long', 'uint64'] as const;
  const args = [0, 1].flatMap((index) => types.map((type) => argument(index, type)));
  const one = selector({
    args: args.map((_, entry) => condition(entry, { op: 'numbers', values: [1n], lists: [] })),
  });
  const selectors = Array.from({ length: HookLimit.HOOK_WORDS_MAX * 64 }, () => one);
  const hooks = [...planPolicy(policy('p', [rawHook(args, selectors)]), kernelFacts()).values()].flat();
  const [plan] = planInstances(hooks, SECRET);
  assert.ok(plan !== undefined);
  const bytes = configBytes(plan, { hook: 1, generation: 1, next: 0, continues: false }, SECRET);
  const words = new BigUint64Array(bytes.buffer, HookConfig.rulesAll, HookLimit.HOOK_WORDS_MAX);
  assert.ok(words.every((word) => word === (1n << 64n) - 1n));
});
