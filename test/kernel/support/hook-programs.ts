// SPDX-License-Identifier: Apache-2.0
import type { BpfMap, BpfProgram } from '../../../native/index.d.ts';
import { HookLimit } from '../../../src/events/gen/layouts.ts';
import { addon } from '../../../src/kernel/addon.ts';
import type { InstancePlan } from '../../../src/plan/instance-plan.ts';
import type { StringSecret } from '../../../src/plan/string-key.ts';
import { HookInstance } from '../../../src/sensor/hook-instance.ts';

/** Maps of bpf/hook.bpf.c that all programs of a bed share, but for the scratch, which the first program makes. */
export const HOOK_OBJECT_MAPS = [
  ...['lifecycle_ring', 'telemetry_ring', 'lanes', 'process_states', 'string_secrets', 'binary_paths'],
] as const;

/** The programs of one hook. The first one calls the others. */
export interface HookPrograms {
  readonly first: BpfProgram;
  /** events that limits have kept back, by rule, for each program */
  suppressed(): Map<number, bigint>[];
  close(): void;
}

/** Loads one program for each plan; the nth sends records of hook n. */
export function loadHookPrograms(
  plans: readonly InstancePlan[],
  secret: StringSecret,
  shared: Map<string, BpfMap>,
): HookPrograms {
  const instances = addon.BpfMap.create({
    ...{ name: 'instances', type: 3, keySize: 4, valueSize: 4, flags: 0 },
    maxEntries: 2 * HookLimit.HOOK_GROUPS_MAX,
  });
  const rootMaps = new Map([['instances', instances]]);
  const loaded: HookInstance[] = [];
  const close = (): void => {
    for (const instance of loaded) instance.close();
    instances.close();
  };
  try {
    plans.forEach((plan, hook) => {
      const next = hook + 1 < plans.length ? hook + 1 : 0;
      const identity = { hook, generation: 1, next, continues: hook > 0 };
      const onScratch = (name: string, map: BpfMap): unknown => shared.set(name, map);
      const instance = HookInstance.load(plan, identity, secret, shared, rootMaps, onScratch);
      loaded.push(instance);
      instances.set(u32(hook), u32(instance.program.fd));
    });
  } catch (error) {
    close();
    throw error;
  }
  const [first] = loaded;
  if (first === undefined) throw new RangeError('A hook has a program');
  const suppressed = (): Map<number, bigint>[] =>
    loaded.map(
      (instance) => new Map([...instance.actionCounts()].map(([rule, counts]) => [rule, counts.suppressed])),
    );
  return { first: first.program, suppressed, close };
}

function u32(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}
