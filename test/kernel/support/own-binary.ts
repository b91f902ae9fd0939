// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { readlinkSync } from 'node:fs';
import { resolve } from 'node:path';
import { planInstances } from '../../../src/plan/plan-instances.ts';
import { planPolicy } from '../../../src/plan/plan-policies.ts';
import type { StringSecret } from '../../../src/plan/string-key.ts';
import { argument, AT, kernelFacts, policy, rawHook, selector } from '../../../src/plan/testing.ts';
import type { BinaryCondition, Policy } from '../../../src/policy/model.ts';
import { ProcessSensor } from '../../../src/sensor/process-sensor.ts';
import { Places } from './agent.ts';
import { HookBed } from './hook-bed.ts';

const OBJECT = resolve(import.meta.dirname, '../../../build/bpf/process.bpf.o');

type Match = BinaryCondition['match'];

/** Names of the policies on a part of this process's binary that match it, by what the process sensor noted of it. */
export function matchOwnBinary(parts: Readonly<Record<string, readonly [Match, string]>>): string[] {
  const places = new Places();
  const rings = { lifecycleRingBytes: 1 << 20, telemetryRingBytes: 1 << 20 };
  const sensor = ProcessSensor.open({
    objectPath: OBJECT,
    bpfDir: places.bpfDir,
    ...rings,
    environment: false,
  });
  try {
    sensor.snapshot();
    const { exec_scratches: _, ...maps } = sensor.maps;
    const secret = maps.string_secrets.get(new Uint8Array(4));
    assert.ok(secret !== undefined);
    const words = new DataView(secret.slice().buffer);
    const bed = new HookBed(wordsOf(words), Object.entries(maps));
    const policies = Object.entries(parts).map(([name, [match, value]]) => onBinary(name, match, value));
    const plans = planInstances(
      policies.flatMap((one) => [...planPolicy(one, kernelFacts()).values()].flat()),
      bed.secret,
    );
    bed.load(plans);
    const [hit] = bed.hit([0n]);
    bed.close();
    return (plans[0]?.policies ?? [])
      .filter(({ firstRule }) => (((hit?.words[0] ?? 0n) >> BigInt(firstRule)) & 1n) === 1n)
      .map(({ name }) => name);
  } finally {
    sensor.remove();
    sensor.close();
    places.remove();
  }
}

function wordsOf(view: DataView): StringSecret {
  return [view.getBigUint64(0, true), view.getBigUint64(8, true)];
}

function onBinary(name: string, match: Match, value: string): Policy {
  const binaries = [{ negated: false, match, values: [value], followChildren: false, at: AT }];
  // What is not known of the binary must not pass for a match.
  const extensions = new Map([['on-unreadable', 'no-match']]);
  return policy(name, [rawHook([argument(0, 'int')], [selector({ binaries })])], { extensions });
}

export function ownBinary(): string {
  return readlinkSync('/proc/self/exe');
}
